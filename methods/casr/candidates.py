"""The set C from which the replacement comes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Split
from methods.engine.fit.losses import rows_at_once
from methods.engine.recommender import SequentialRecommender


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

    def rule_out(self, values: Tensor, items: Tensor) -> Tensor:
        """`values` (samples, catalogue), in place, infinite at every item that is not in C of each of `items`."""
        if len(self.sizes) > 1:
            values.masked_fill_(self.groups[items][:, None] != self.groups, torch.inf)
        return values.scatter_(1, items[:, None], torch.inf)

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


def nearest_item(
    points: Tensor, model: SequentialRecommender, candidates: Candidates | None = None, originals: Tensor | None = None
) -> Tensor:
    """The item of the model's catalogue that lies nearest to each point, of all items or of C of `originals` (CASR eq.
    5). points (samples, dim); originals, result (samples,)."""
    embedding = model.item_embedding.weight.detach()
    squares, result = embedding.square().sum(dim=1), torch.empty(len(points), dtype=torch.int64, device=points.device)
    rows = rows_at_once(points.device, len(embedding))
    for begin in range(0, len(points), rows):
        part = slice(begin, begin + rows)
        # |x - e|^2 without |x|^2, which is the same for every item
        distance = (points[part] * -2.0 @ model.across(embedding)).add_(squares)
        if candidates is not None:
            candidates.rule_out(distance, originals[part])
        torch.argmin(distance, 1, out=result[part])
    return result
