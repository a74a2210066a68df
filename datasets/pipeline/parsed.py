"""What a parser gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from datasets.pipeline.lists import Lists


@dataclass(frozen=True)
class Parsed:
    """The content of the raw files, nothing filtered, rows in the order of the file. Tables that keep the index of
    `read_table`, file and line, let later steps say where a row stands.

    interactions: columns `user`, `item` (original identifiers, integers or strings), `time` (seconds since 1970 UTC,
        int64) where the data has it, and whatever else the recipe or an order needs (`rating`, `weight` …).
    items: columns `item` (unique), and `title`, `category` or more where known; may lack items and may hold more.
    lists: what was shown and what of it was chosen, where the data are such; none of the lists empty.
    exposures: single items that were shown, with a decision on each, where the data are such (exposures.py).
    arrays: what else is kept beside the data: {"truth": {"noise": array}} becomes truth.npz.
    axes: what the axes of these arrays count: {"truth": {"noise": ("user", "step", "item")}}. Place i of an axis `user`
        or `item` is the original identifier i; in the file it is the number that the prepared data gives.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame | None = None
    lists: Lists | None = None
    exposures: pd.DataFrame | None = None
    arrays: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    axes: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
