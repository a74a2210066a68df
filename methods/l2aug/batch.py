"""Batches of users' sequences, with the negatives that each item has wherever an edit puts it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.trainer import Examples
from methods.evaluation.ranking import recent
from methods.l2aug.actions import Sequences


@dataclass(frozen=True)
class Batch:
    """items (rows, width), the users' last ones, filled up on the right with 0; lengths (rows,)."""

    users: Tensor
    items: Tensor
    lengths: Tensor

    @property
    def inside(self) -> Tensor:
        return torch.arange(self.items.shape[1], device=self.items.device) < self.lengths[:, None]


class Source:
    """Sequences of a split, and negatives outside a user's training items; all on the device.

    longest: how many of the last items of a sequence count, one more than the model reads.
    """

    def __init__(self, split: Split, settings: dict, device: torch.device) -> None:
        self.split, self.device, self.longest = split, device, settings["max_length"] + 1
        self.sampled = settings["objective"] != "softmax"
        self.count, self.negatives = settings.get("negatives", 1), Negatives(split.held, split.catalogue)
        self.trained = torch.nonzero(split.lengths >= 2)[:, 0]  # users who have a pair

    def of_group(self, group: str) -> Tensor:
        """Users of a group who have a pair."""
        return self.trained[torch.isin(self.trained, self.split.groups[group])]

    def draw(self, users: Tensor, size: int, generator: torch.Generator) -> Batch:
        """`size` of the users, each at most once, or all where they are fewer."""
        return self.take(users[torch.randperm(len(users), generator=generator)[:size]])

    def take(self, users: Tensor) -> Batch:
        chosen = users.numpy()
        lengths = self.split.lengths[users].clamp(max=self.longest).numpy()
        items, read = recent(self.split, chosen, lengths)
        return Batch(users, items.to(self.device), read.to(self.device))

    def draw_negatives(self, batch: Batch, generator: torch.Generator) -> Tensor | None:
        """For each place of the batch (rows, width, negatives); None where the objective has none."""
        if not self.sampled:
            return None
        rows, width = batch.items.shape
        drawn = self.negatives.draw(batch.users, width * self.count, generator)
        return drawn.view(rows, width, self.count).to(self.device)


def examples(parts: list[tuple[Sequences, Tensor | None]]) -> Examples | None:
    """Every pair of the sequences, with the negatives of the places where its targets stood; None where no sequence has
    two items."""
    sequences = [part for part, _ in parts]
    width = max(part.items.shape[1] for part in sequences)
    items = torch.cat([_wide(part.items, width) for part in sequences])
    lengths = torch.cat([part.lengths for part in sequences])
    chosen = lengths >= 2
    if not chosen.any():
        return None
    others = None
    if parts[0][1] is not None:
        rows = (torch.arange(len(part.items), device=items.device)[:, None] for part in sequences)
        found = [table[row, part.origin] for row, (part, table) in zip(rows, parts, strict=True)]
        others = torch.cat([_wide(each, width) for each in found])[chosen]
    items, lengths = items[chosen], lengths[chosen] - 1  # of the inputs
    longest = int(lengths.max())
    places = torch.nonzero((torch.arange(longest, device=items.device) < lengths[:, None]).flatten())[:, 0]
    targets = items[:, 1 : longest + 1].flatten()[places]
    others = None if others is None else others[:, 1 : longest + 1].flatten(0, 1)[places]
    inputs = items[:, :longest].clone()
    inputs[torch.arange(longest, device=items.device) >= lengths[:, None]] = 0
    return Examples(inputs, lengths, places, targets, others=others)


def _wide(table: Tensor, width: int) -> Tensor:
    missing = table.new_zeros(len(table), width - table.shape[1], *table.shape[2:])
    return torch.cat([table, missing], 1)
