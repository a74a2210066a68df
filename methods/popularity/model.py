"""Popularity: every user gets the most frequent items of the training data."""

import torch
from torch import Tensor

from methods.engine.data.split import Split
from methods.engine.recommender import Fitted, Recommender, Run


def build(split: Split, settings: dict) -> "Popularity":
    return Popularity(split.catalogue)


def fit(model: "Popularity", split: Split, settings: dict, run: Run) -> Fitted:
    model.counts.copy_(split.item_counts)
    model.to(run.device)
    return Fitted([run.validate(model)], best_epoch=1)


class Popularity(Recommender):
    """The score of an item is how often it occurs in the training histories."""

    max_length = 1  # the history does not matter

    def __init__(self, catalogue: int) -> None:
        super().__init__()
        self.register_buffer("counts", torch.zeros(catalogue))

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self.counts.expand(len(users), -1)
