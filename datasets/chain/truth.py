"""The truth of `synthetic`, of worlds with users who are only tested, whose noise is not kept."""

from datasets.synthetic.truth import load_truth, true_next

__all__ = ["load_truth", "true_next"]
