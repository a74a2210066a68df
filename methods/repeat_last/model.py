"""Repeat-last: the user takes again what was taken most recently."""

import torch
from torch import Tensor

from methods.engine.data.split import Split
from methods.engine.recommender import Fitted, Recommender, Run


def build(split: Split, settings: dict) -> "RepeatLast":
    return RepeatLast(split.catalogue)


def fit(model: "RepeatLast", split: Split, settings: dict, run: Run) -> Fitted:
    counts = split.item_counts
    model.popularity.copy_(counts / (counts.max() + 1))
    model.to(run.device)
    return Fitted([run.validate(model)], best_epoch=1)


class RepeatLast(Recommender):
    """Items of the history come first, the last one at the top; all others follow by popularity in the training data.

    An item at position t = 0, 1, .. of the history scores 1 + t, at its last occurrence; any other less than 1.
    """

    def __init__(self, catalogue: int) -> None:
        super().__init__()
        self.register_buffer("popularity", torch.zeros(catalogue))

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        scores = self.popularity.repeat(len(items), 1)
        places = torch.arange(items.shape[1], device=items.device)
        recency = torch.where(places < lengths[:, None], 1.0 + places, 0.0)  # 0 leaves what the padding points at alone
        return scores.scatter_reduce(1, items, recency, "amax")
