"""Jester, data set 1: three matrices of users by 100 jokes, ratings from -10 to 10, 99 for none. No time."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import python_calamine

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed

JOKES = 100
NOT_RATED = 99.0


def parse(files: Mapping[str, Path]) -> Parsed:
    """Rows user by user, the jokes of a user by number. Users are numbered through the files, from 1; jokes from 1."""
    ratings = np.concatenate([_matrix(path) for _, path in sorted(files.items())])
    users, jokes = np.nonzero(ratings != NOT_RATED)
    return Parsed(pd.DataFrame({"user": users + 1, "item": jokes + 1, "rating": ratings[users, jokes]}))


def _matrix(path: Path) -> np.ndarray:
    """Ratings of shape (users, JOKES); the first column of the sheet, the number of ratings, serves as a check."""
    if path.stat().st_size == 0:
        raise BadInput(f"{path}: the file is empty; fetch it again")
    try:
        rows = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    except python_calamine.CalamineError as error:
        raise BadInput(f"{path}: not readable as a spreadsheet ({error}); fetch it again") from error
    for line, row in enumerate(rows, start=1):
        if len(row) != JOKES + 1 or not all(isinstance(value, int | float) for value in row):
            raise BadInput(f"{path}, row {line}: expected {JOKES + 1} numbers, found {len(row)} cells: {row[:5]} …")
    sheet = np.array(rows, dtype=np.float64)
    rated = (sheet[:, 1:] != NOT_RATED).sum(axis=1)
    if (rated != sheet[:, 0]).any():
        line = int((rated != sheet[:, 0]).argmax())
        raise BadInput(f"{path}, row {line + 1}: {rated[line]} ratings, but its first cell says {sheet[line, 0]:g}")
    return sheet[:, 1:]
