"""What is true of L2Aug's world: which items are filler, and which item follows which on the chain."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Truth:
    """filler (items,) bool; follows (items,) int64: the next item of the chain, -1 for filler."""

    filler: np.ndarray
    follows: np.ndarray


AXES = {"filler": ("item",), "follows": ("item",)}


def load_truth(file: Path) -> Truth:
    """Read `data/<data set>/truth.npz`: items have the numbers of the prepared data beside it."""
    with np.load(file, allow_pickle=False) as arrays:
        return Truth(**{part.name: arrays[part.name] for part in fields(Truth)})


def best_edit(truth: Truth, items: np.ndarray) -> np.ndarray:
    """Which of the items of a core user's sequence the best edit keeps: all but filler. The same shape, bool."""
    return ~truth.filler[np.asarray(items)]
