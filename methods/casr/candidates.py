"""The set C from which the replacement comes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.split import Split


@dataclass(frozen=True)
class Candidates:
    """C of an item: the other items of its group. The whole catalogue can be one group.

    groups (catalogue,) the group of each item; members (catalogue,) the items, group by group; begins, sizes (groups,)
    where each group lies in `members`; places (catalogue,) where an item stands within its group.
    """

    groups: Tensor
    members: Tensor
    begins: Tensor
    sizes: Tensor
    places: Tensor

    def choices(self, items: Tensor) -> Tensor:
        """How many items may replace each of `items`."""
        return self.sizes[self.groups[items]] - 1

    def draw(self, items: Tensor, uniform: Tensor) -> Tensor:
        """A uniform draw from C for each of `items`. uniform: numbers in [0, 1), of the same shape."""
        choices = self.choices(items)
        if (choices < 1).any():
            raise ValueError("an item without candidates: leave out the samples whose `choices` are 0")
        step = torch.minimum((uniform * choices).long(), choices - 1)
        place = step + (step >= self.places[items])  # the item itself is skipped
        return self.members[self.begins[self.groups[items]] + place]

    def allowed(self, items: Tensor) -> Tensor:
        """Whether an item is in C of each of `items`. Shape (samples, catalogue)."""
        same_group = self.groups[items][:, None] == self.groups
        return same_group.scatter_(1, items[:, None], False)

    def to(self, device: torch.device) -> "Candidates":
        return Candidates(*(each.to(device) for each in vars(self).values()))


def candidate_sets(split: Split, choice: str) -> Candidates:
    """C by the setting `candidates`: all, or category. Items of unknown category count as one category."""
    if choice == "all":
        groups = torch.zeros_like(split.categories)
    elif (split.categories >= 0).any():
        groups = torch.unique(split.categories, return_inverse=True)[1]
    else:
        raise BadInput(f"split {split.name} knows no category of any item; set candidates: all")
    members = torch.argsort(groups, stable=True)
    sizes = torch.bincount(groups)
    begins = sizes.cumsum(0) - sizes
    places = torch.empty_like(members)
    places[members] = torch.arange(len(members)) - begins[groups[members]]
    return Candidates(groups, members, begins, sizes, places)


def nearest_item(points: Tensor, embedding: Tensor, allowed: Tensor | None = None) -> Tensor:
    """The item that lies nearest to each point (CASR eq. 5 when `allowed` is the mask of C).

    points (samples, dim); embedding (catalogue, dim); allowed (samples, catalogue); result (samples,).
    """
    # |x - e|^2 without |x|^2, which is the same for every item
    distance = torch.addmm(embedding.square().sum(dim=1), points, embedding.T, alpha=-2.0)
    return (distance if allowed is None else distance.masked_fill_(~allowed, torch.inf)).argmin(dim=1)
