"""The positive control of lists: counterfactual lists with what their user would truly take of them."""
