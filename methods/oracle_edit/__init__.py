"""The positive control of L2Aug: core users' sequences by the edit that the truth calls the best."""
