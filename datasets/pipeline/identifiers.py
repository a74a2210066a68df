"""Identifiers of users and items: whole numbers or texts, one kind in a column, and none missing."""

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.tables import place

KINDS = ("integer", "string", "empty")


def missing(column: pd.Series) -> np.ndarray:
    """Where there is no value: none at all, or an empty text."""
    none = column.isna().to_numpy(bool)
    return none if pd.api.types.is_numeric_dtype(column) else none | (column == "").to_numpy(bool, na_value=False)


def codes(rows: pd.DataFrame, column: str) -> np.ndarray:
    """A number for each identifier of `column`, int64. BadInput names the first row that has none."""
    refuse_missing(rows, column)
    return pd.factorize(rows[column])[0].astype(np.int64)


def checked(rows: pd.DataFrame, column: str) -> pd.Series:
    """The identifiers of `column`. BadInput where some are missing, or are neither whole numbers nor texts."""
    refuse_missing(rows, column)
    found = rows[column]
    kind = pd.api.types.infer_dtype(found, skipna=False)
    if kind not in KINDS:
        raise BadInput(
            f"the parser gives identifiers of kind '{kind}' as {column}; whole numbers (with gaps: 'int?' in "
            "datasets/pipeline/tables.py) or texts are needed, or different ones may fall together"
        )
    return found.astype(np.int64) if kind == "integer" else found


def refuse_missing(rows: pd.DataFrame, column: str) -> None:
    fault = missing(rows[column])
    if fault.any():
        raise BadInput(
            f"{place(rows, fault)}: no {column}; so in {fault.sum():,} of {len(rows):,} rows. Correct the file, or "
            f"leave such rows out by `drop_missing: {column}` as the first step of the card's recipe"
        )
