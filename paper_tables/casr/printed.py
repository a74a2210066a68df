"""The paper's printed numbers, as its tables ask for them (all, with their doubts: paper_tables/reported.py)."""

from functools import cache

import pandas as pd

from paper_tables.lines import Line
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


def printed_gain(line: Line, metric: str) -> float:
    """Of a treated line of Table 3 over its plain anchor, in percentage points; NaN where either is not printed."""
    cell = line.result.cell
    parts = ((cell.treatment, cell.sampler), ("", ""))
    ours, plain = (printed(3, line.dataset, cell.anchor, *part, metric)[0] for part in parts)
    return float("nan") if {ours, plain} & {"", MISSING} else float(ours) - float(plain)


@cache
def _index() -> dict:
    rows = reported("casr")
    keys = zip(*(rows[key] for key in ("table", "dataset", "anchor", "method", "sampler", "metric")), strict=True)
    return dict(zip(keys, zip(rows["value"], rows["footnote"], strict=True), strict=True))
