"""The batches of an epoch: windows in random order, with the places of all that is trained in them.

They are planned on the host before the epoch begins and go to the device at once, so that a GPU, which gets its work
ahead of time, never has to wait for a number that the host reads, nor for one that it sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.data.branches import Branches
from methods.engine.data.ragged import members, offsets_of, sent
from methods.engine.data.windows import Windows


@dataclass(frozen=True)
class Batch:
    """Windows on which a core, or a GPU, works at once.

    windows (rows,), the longest with `width` items; places (pairs,): of their trained pairs in (rows, width),
    ascending; branches (extra,): the extra sequences that branch off them, rows (extra,): off which. All on the device.
    share: the number of the core.
    """

    share: int
    windows: Tensor
    width: int
    places: Tensor
    branches: Tensor
    rows: Tensor

    def __len__(self) -> int:
        return len(self.places) + len(self.branches)


class Batches:
    """Batches of windows that hold about `size` observed pairs together, or of `size` windows (by_windows), with all
    extra sequences that branch off them, each batch in a share for each of `shares` cores."""

    def __init__(
        self, windows: Windows, extra: Branches | None, size: int, shares: int, device: torch.device,
        by_windows: bool = False,
    ) -> None:  # fmt: skip
        _check(windows, extra)
        self._lengths, self._pairs = windows.lengths, windows.counts.sum(1)
        self._weights = torch.ones_like(self._pairs) if by_windows else self._pairs
        self._mean_weight = 1 if by_windows else max(1, int(self._lengths.float().mean()))
        self._positions = windows.samples[1].numpy()
        owners = windows.lengths.new_zeros(0) if extra is None else extra.windows
        self._branching = torch.bincount(owners, minlength=len(windows))
        self._branches = torch.argsort(owners, stable=True).numpy()
        self._size, self._shares, self._device = size, shares, device

    def epoch(self, generator: torch.Generator) -> Iterator[list[Batch]]:
        """The shares of one batch after another, in an order drawn from the generator."""
        pairs, branching = self._pairs.numpy(), self._branching.numpy()
        steps = [share_out(batch, pairs, self._shares) for batch in self._shuffled(generator)]
        parts = [part for step in steps for _, part in step]
        windows, sizes = np.concatenate(parts), np.array([len(part) for part in parts])
        begins = np.cumsum(sizes) - sizes
        widths = np.maximum.reduceat(self._lengths.numpy()[windows], begins)
        row = np.arange(len(windows)) - np.repeat(begins, sizes)
        owners, pair = _members(self._pairs, windows)
        places = (row * np.repeat(widths, sizes))[owners] + self._positions[pair]
        owners, branch = _members(self._branching, windows)

        def of_parts(values: np.ndarray, counts: np.ndarray) -> tuple[Tensor, ...]:
            return sent(torch.from_numpy(values), counts.tolist(), self._device)

        extra = np.add.reduceat(branching[windows], begins)
        columns = (
            of_parts(windows, sizes), widths.tolist(), of_parts(places, np.add.reduceat(pairs[windows], begins)),
            of_parts(self._branches[branch], extra), of_parts(row[owners], extra),
        )  # fmt: skip
        planned = zip(*columns, strict=True)
        for step in steps:
            yield [Batch(share, *next(planned)) for share, _ in step]

    def _shuffled(self, generator: torch.Generator) -> list[np.ndarray]:
        """Windows in random order, cut where the number of observed pairs, or of windows, reaches the size.

        Windows of like length stand together, so that little padding is computed: sorted inside random blocks, upwards
        and downwards in turn, because a batch may reach from one block into the next.
        """
        lengths = self._lengths
        order = torch.randperm(len(lengths), generator=generator)
        block = torch.arange(len(lengths)) // max(1, 16 * self._size // self._mean_weight)
        rising = torch.where(block % 2 == 0, lengths[order], -lengths[order])
        order = order[torch.argsort(2 * block * (int(lengths.max()) + 1) + rising, stable=True)]
        reached = self._weights[order].cumsum(0)
        cut = torch.nonzero(torch.diff((reached - 1) // self._size)).flatten() + 1
        batches = np.split(order.numpy(), cut.numpy())
        return [batches[i] for i in torch.randperm(len(batches), generator=generator)]


def _check(windows: Windows, extra: Branches | None) -> None:
    if not windows.counts.any():
        raise BadInput("no training history holds two items: there is no pair of prefix and next item to train on")
    if extra is None or not len(extra):
        return
    known = (extra.windows >= 0) & (extra.windows < len(windows))
    held = windows.lengths[extra.windows.where(known, 0)]
    wrong = torch.nonzero(~known | (extra.starts < 0) | (extra.starts > held))[:, 0]
    if len(wrong):
        window, start = int(extra.windows[wrong[0]]), int(extra.starts[wrong[0]])
        raise BadInput(
            f"counterfactual sequence {int(wrong[0])} branches off window {window} behind {start} items, but no such "
            f"place is among the {len(windows)} windows of this split: draw the pool anew for it, with its max_length"
        )


def share_out(batch: np.ndarray, pairs: np.ndarray, shares: int) -> list[tuple[int, np.ndarray]]:
    """The windows of a batch in parts that hold about as many pairs, each with the number of its share; none is empty.
    pairs (all windows,)."""
    if shares == 1:
        return [(0, batch)]
    total = pairs[batch].cumsum()
    middle = total - pairs[batch] / 2  # a window belongs to the part in which its middle lies
    cut = np.searchsorted(middle, total[-1] * np.arange(1, shares) / shares)
    return [(share, part) for share, part in enumerate(np.split(batch, cut)) if len(part)]


def _members(counts: Tensor, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`members` of windows that have counts[w] each."""
    return tuple(each.numpy() for each in members(offsets_of(counts), torch.from_numpy(windows)))
