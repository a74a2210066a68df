"""The steps of a recipe: from all rows of a data set to those that a paper used."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput


def apply_recipe(rows: pd.DataFrame, recipe: Sequence[Mapping]) -> pd.DataFrame:
    """Apply each step, a mapping {name: argument}, to what the steps before it left. The order of rows is kept."""
    for step in recipe:
        ((name, argument),) = step.items()
        rows = STEPS[name](rows, argument)
    return rows


def drop_missing(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Leave out rows without a value in `column`."""
    return rows[_column(rows, column).notna()]


def min_rating(rows: pd.DataFrame, least: float) -> pd.DataFrame:
    """Keep rows with a rating of at least `least`."""
    return rows[_column(rows, "rating") >= least]


def deduplicate(rows: pd.DataFrame, keep: str) -> pd.DataFrame:
    """Of several rows of one user and item keep the 'first' or the 'last'."""
    users, items = _codes(rows)
    return rows[~pd.Series(users * (items.max(initial=0) + 1) + items).duplicated(keep=keep).to_numpy()]


def min_user_rows(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    """Keep users with at least `least` rows. Items are not filtered."""
    users, _ = _codes(rows)
    return rows[np.bincount(users)[users] >= least] if len(rows) else rows


def k_core(rows: pd.DataFrame, least: Mapping[str, int]) -> pd.DataFrame:
    """The largest part in which every user has `least["users"]` rows and every item `least["items"]`."""
    users, items = _codes(rows)
    kept = np.arange(len(rows))
    while len(kept):
        enough = np.bincount(users[kept])[users[kept]] >= least["users"]
        enough &= np.bincount(items[kept])[items[kept]] >= least["items"]
        if enough.all():
            break
        kept = kept[enough]
    return rows.iloc[kept]


STEPS = {
    "drop_missing": drop_missing,
    "min_rating": min_rating,
    "deduplicate": deduplicate,
    "min_user_rows": min_user_rows,
    "k_core": k_core,
}


def _codes(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return pd.factorize(rows["user"])[0].astype(np.int64), pd.factorize(rows["item"])[0].astype(np.int64)


def _column(rows: pd.DataFrame, column: str) -> pd.Series:
    if column not in rows:
        raise BadInput(f"recipe: there is no column '{column}'; the parser gives {', '.join(rows.columns)}")
    return rows[column]
