"""A first-order Markov chain with a popularity prior: the worked example of methods/README.md."""

import torch
from torch import Tensor

from methods.engine.data.ragged import members
from methods.engine.data.split import Split
from methods.engine.fit.stochastic import transitions
from methods.engine.recommender import Fitted, Recommender, Run


def build(split: Split, settings: dict) -> "MarkovChain":
    steps = len(_counted_steps(split)[0])
    return MarkovChain(split.catalogue, steps, settings["smoothing"])


def fit(model: "MarkovChain", split: Split, settings: dict, run: Run) -> Fitted:
    steps, counts = _counted_steps(split)
    last = steps // split.catalogue
    model.following.copy_(steps % split.catalogue)
    model.counts.copy_(counts)
    model.first.copy_(torch.searchsorted(last, torch.arange(split.catalogue + 1)))
    model.share.copy_(split.item_counts / len(split.items))
    model.to(run.device)
    return Fitted([run.validate(model)], best_epoch=1)


class MarkovChain(Recommender):
    """P(i | last) = (steps from last to i + smoothing * share_i) / (steps from last + smoothing).

    The distinct steps that leave item l are following[first[l]:first[l + 1]], with their counts.
    """

    max_length = 1

    def __init__(self, catalogue: int, steps: int, smoothing: float) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("following", torch.zeros(steps, dtype=torch.int64))
        self.register_buffer("counts", torch.zeros(steps))
        self.register_buffer("first", torch.zeros(catalogue + 1, dtype=torch.int64))
        self.register_buffer("share", torch.zeros(catalogue))

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        last = items[torch.arange(len(items), device=items.device), lengths - 1]
        rows, steps = members(self.first, last)
        observed = torch.zeros(len(last), len(self.share), device=last.device)
        observed[rows, self.following[steps]] = self.counts[steps]
        return (observed + self.smoothing * self.share) / (observed.sum(1, keepdim=True) + self.smoothing)


def _counted_steps(split: Split) -> tuple[Tensor, Tensor]:
    """The distinct steps as last * catalogue + next, ascending, and how often each occurs."""
    _, last, following = transitions(split)
    return torch.unique(last * split.catalogue + following, return_counts=True)
