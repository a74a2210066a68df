"""Ciao: one matrix in a MATLAB file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.io

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed

COLUMNS = ("user", "item", "category", "rating", "helpfulness", "time")


def parse(files: Mapping[str, Path]) -> Parsed:
    """Ratings with time; items with the category of their first rating."""
    (path,) = files.values()
    matrix = scipy.io.loadmat(path, variable_names=["rating"]).get("rating", np.empty(0))
    if matrix.ndim != 2 or matrix.shape[1] != len(COLUMNS):
        raise BadInput(
            f"{path}: matrix 'rating' has the shape {matrix.shape}, expected a row for each rating, of "
            f"{', '.join(COLUMNS)}; take the original file"
        )
    ratings = pd.DataFrame(matrix.astype(np.int64), columns=list(COLUMNS))
    items = ratings[["item", "category"]].drop_duplicates("item", ignore_index=True)
    return Parsed(ratings[["user", "item", "rating", "time"]], items)
