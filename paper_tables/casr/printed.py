"""The paper's printed numbers, as its tables ask for them (all, with their doubts: paper_tables/reported.py)."""

from functools import cache

import pandas as pd

from paper_tables.reported import reported, tables

MISSING = "missing"


def table(number: int) -> pd.DataFrame:
    """Table 1, 2 or 3 as text. Read it, never change it: the frame is shared."""
    return tables("casr")[number]


def printed(table_number: int, dataset: str, anchor: str, method: str, sampler: str, metric: str) -> tuple[str, str]:
    """(value in percent as printed, footnote). Value "" where the paper has no such cell, "missing" where its row is
    lost in the text.
    """
    value, footnote = _index().get((str(table_number), dataset, anchor, method or "none", sampler, metric), (None, ""))
    return ("", "") if value is None else (value or MISSING, footnote)


@cache
def _index() -> dict:
    rows = reported("casr")
    keys = zip(*(rows[key] for key in ("table", "dataset", "anchor", "method", "sampler", "metric")), strict=True)
    return dict(zip(keys, zip(rows["value"], rows["footnote"], strict=True), strict=True))
