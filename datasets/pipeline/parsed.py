"""What a parser gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Parsed:
    """The content of the raw files, nothing filtered, rows in the order of the file.

    interactions: columns `user`, `item` (original identifiers, integers or strings), `time` (seconds since 1970 UTC,
        int64) where the data has it, and whatever else the recipe or an order needs (`rating`, `weight` …).
    items: columns `item` (unique), and `title`, `category` or more where known; may lack items and may hold more.
    arrays: what else is kept beside the data: {"truth": {"noise": array}} becomes truth.npz.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame | None = None
    arrays: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
