"""The positive control of sequences: counterfactual histories with the next item that their user would truly take."""
