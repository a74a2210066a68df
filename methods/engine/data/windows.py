"""Training histories cut into windows, so that every prefix is trained in one pass and every target exactly once."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.engine.data.split import Split


@dataclass(frozen=True)
class Windows:
    """Row w holds a stretch of one user's history, filled up on the right with 0.

    inputs, targets, counts (windows, length): the item at a position, the item that follows it, and whether that pair
    is trained here (each pair of the data counts in exactly one window). lengths, users (windows,).
    """

    inputs: Tensor
    targets: Tensor
    counts: Tensor
    lengths: Tensor
    users: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def samples(self) -> tuple[Tensor, Tensor]:
        """(window, position) of every trained pair, i.e. every sample 'prefix to next item' of the data."""
        return torch.nonzero(self.counts, as_tuple=True)


def cut_windows(split: Split, length: int) -> Windows:
    """Cut every history into windows of at most `length` inputs.

    A history that fits is one window: exact. A longer one is cut into windows that overlap by half, and a pair is
    trained where it sees the most history: at least half a window of it. (Row-by-row training would give each such
    pair a full window at `length` times the cost.)
    """
    if length < 2:
        raise ValueError(f"max_length is {length}; a window needs at least 2 positions")
    stride = length // 2
    pairs = np.maximum(split.lengths.numpy() - 1, 0)  # inputs of each user
    per_user = np.where(pairs > 0, 1 + np.maximum(0, -(-(pairs - length) // stride)), 0)
    users = np.repeat(np.arange(split.users), per_user)
    place = np.arange(len(users)) - np.repeat(np.cumsum(per_user) - per_user, per_user)
    # the last window of a history ends with it, so that it is as full as it can be
    begin = np.minimum(place * stride, np.maximum(pairs[users] - length, 0))
    done = np.where(place == 0, 0, np.minimum((place - 1) * stride, np.maximum(pairs[users] - length, 0)) + length)
    size = np.minimum(pairs[users] - begin, length)
    columns = np.arange(length)
    inside = columns < size[:, None]
    position = split.offsets.numpy()[users, None] + np.where(inside, begin[:, None] + columns, 0)
    items = split.items.numpy()
    follows = np.minimum(position + 1, max(len(items) - 1, 0))
    return Windows(
        torch.from_numpy(np.where(inside, items[position], 0)),
        torch.from_numpy(np.where(inside, items[follows], 0)),
        torch.from_numpy(inside & (begin[:, None] + columns >= done[:, None])),
        torch.from_numpy(size),
        torch.from_numpy(users),
    )
