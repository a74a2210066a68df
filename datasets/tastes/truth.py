"""The truth of `tastes` has the form and answers the questions of that of CPR's synthetic lists."""

from datasets.cpr_synthetic.truth import load_truth, true_choices, true_value

__all__ = ["load_truth", "true_choices", "true_value"]
