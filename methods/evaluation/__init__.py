"""From a model to numbers: ranks among all items, decisions, episodes, and the metrics that follow from them."""
