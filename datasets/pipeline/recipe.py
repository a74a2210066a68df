"""The steps of a recipe: from all rows of a data set to those that a paper used."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.identifiers import codes, missing


def apply_recipe(rows: pd.DataFrame, recipe: Sequence[Mapping]) -> tuple[pd.DataFrame, list[int]]:
    """Apply each step, a mapping {name: argument}, to what the steps before it left. The order of rows is kept.

    What is left, and how many rows each step left. BadInput names a step that leaves none.
    """
    left = [len(rows)]
    for number, step in enumerate(recipe, start=1):
        ((name, argument),) = step.items()
        rows = STEPS[name](rows, argument)
        left.append(len(rows))
        if rows.empty:
            raise BadInput(
                f"step {number} of the recipe, {name}: {argument}, leaves no row of {left[-2]:,} (the parser gave "
                f"{left[0]:,}); check the recipe on the card, and that the raw file is whole"
            )
    return rows, left[1:]


def drop_missing(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Leave out rows without a value in `column`."""
    return rows[~missing(_column(rows, column))]


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


def min_item_rows(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    """Keep items with at least `least` rows. Users are not filtered."""
    _, items = _codes(rows)
    return rows[np.bincount(items)[items] >= least] if len(rows) else rows


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
    "min_item_rows": min_item_rows,
    "k_core": k_core,
}


def _codes(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return codes(rows, "user"), codes(rows, "item")


def _column(rows: pd.DataFrame, column: str) -> pd.Series:
    if column not in rows:
        raise BadInput(f"recipe: there is no column '{column}'; the parser gives {', '.join(rows.columns)}")
    return rows[column]
