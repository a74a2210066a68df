"""The paper's printed numbers, as printed (CSV files beside this module; see README.md one folder up)."""

from functools import cache
from pathlib import Path

import pandas as pd

from datasets.pipeline.errors import BadInput


@cache
def table(number: int) -> pd.DataFrame:
    """Table 1, 2 or 3 as text. Read it, never change it: the frame is shared."""
    return pd.read_csv(Path(__file__).parent / f"casr_table{number}.csv", dtype=str, keep_default_na=False)


@cache
def best_combination(dataset: str) -> tuple[str, str]:
    """(anchor, sampler) of the highest printed NDCG@5 of Table 3 for a data set, over the three strategies.

    Raises BadInput for a data set that the paper does not have.
    """
    rows = table(3).query("metric == 'ndcg' and method != 'none' and dataset == @dataset")
    if rows.empty:
        raise BadInput(f"'{dataset}' is not in the paper: name its anchor and sampler under papers.casr.combinations")
    best = rows.loc[rows["value"].astype(float).idxmax()]
    return best["anchor"], best["sampler"]


MISSING = "missing"


def printed(table_number: int, dataset: str, anchor: str, method: str, sampler: str, metric: str) -> tuple[str, str]:
    """(value in percent as printed, footnote). Value "" where the paper has no such cell, "missing" where its row is
    lost in the text.
    """
    found = _index(table_number).get((dataset, anchor, method or "none", sampler, metric))
    if found:
        return found
    if (table_number, anchor, method, sampler) == (3, "narm", "casr-h", "stamp") and dataset in _datasets():
        return MISSING, "the row of H with the sampler STAMP is absent in the paper's text (anomaly casr-1)"
    return "", ""


@cache
def _index(table_number: int) -> dict:
    rows = table(table_number)
    keys = zip(rows["dataset"], rows["anchor"], rows["method"], rows["sampler"], rows["metric"], strict=True)
    return dict(zip(keys, zip(rows["value"], rows["footnote"], strict=True), strict=True))


@cache
def _datasets() -> frozenset[str]:
    return frozenset(table(1)["dataset"])
