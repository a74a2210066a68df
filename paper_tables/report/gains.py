"""What came out, from the published tables: of each paper and data set the printed gain beside the measured one."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from paper_tables.report.read import csv, label

NUMBERS = ["difference", "low", "high", "seeds"]
POINTS = {"percent": 1, "fraction": 100}


@dataclass(frozen=True)
class Gain:
    """Treated cells of one data set, in percentage points of `metric`, means over the cells. `low`, `high`: the means
    of the ends of the cells' own intervals, which is at least as wide as an interval of the mean. `held`: how many of
    the `of` intervals hold the printed gain. `over_control`: over the random control."""

    paper: str
    data: str
    metric: str
    seeds: int
    unit: str
    printed: float
    measured: float
    low: float
    high: float
    held: int
    of: int
    over_control: float

    @property
    def verdict(self) -> str:
        """By the mean gain alone."""
        if self.low <= self.printed <= self.high:
            return "cannot tell" if self.low <= 0 else "reproduced"
        return "direction only" if self.low > 0 and self.printed > 0 else "not reproduced"


def gains(folder: Path) -> list[Gain]:
    """Of CASR's Table 3 and CPR's Tables 1 and 3, in `folder` of published results."""
    casr = _cells(folder, "casr", "casr_table3", "ndcg", ["casr-h", "casr-d", "casr-m"])
    cpr = _cells(folder, "cpr", "cpr_table1", "hr", ["cpr-l"])
    mind = _cells(folder, "cpr", "cpr_table3", "hr", ["cpr-l"])
    kinds = cpr["setting"].str.extract(r"feedback=(\w+)")[0].map({"linear": "linear", "nonlinear": "non-linear"})
    cpr = cpr.assign(dataset="synthetic, " + kinds)
    mind = mind.assign(dataset=label("mind-small"))
    return [
        *_summed("CASR", casr.assign(dataset=casr["dataset"].map(label)), "NDCG@5", "seed"),
        *_summed("CPR", cpr, "HR@10", "draw"),
        *_summed("CPR", mind, "HR@10", "seed"),
    ]


def _cells(folder: Path, paper: str, table: str, metric: str, methods: list[str]) -> pd.DataFrame:
    """One row for each treated cell that was run: its gain over the plain anchor and its interval, what was printed,
    and its difference from the control."""
    tests, shown = (csv(folder / "tables" / f"{name}.csv") for name in (f"{paper}_tests", table))
    tests[NUMBERS] = tests[NUMBERS].apply(pd.to_numeric)
    same = [key for key in ("dataset", "setting", "anchor") if key in shown]
    if "candidates" in shown and "reading" in shown:
        shown = shown[(shown["candidates"] == "all") & (shown["reading"] == shown["reading"].iloc[0])]
    shown = shown[shown["metric"] == metric].assign(
        printed=lambda rows: pd.to_numeric(rows["printed"], errors="coerce") * rows["unit"].map(POINTS)
    )
    plain = shown[shown["method"] == "none"].drop_duplicates(same)[[*same, "printed"]]
    treated = shown[shown["method"].isin(methods) & (shown["status"] == "done")]
    both = [*same, "method", *(["sampler"] if "sampler" in shown else [])]
    treated = treated.merge(plain, on=same, suffixes=("", "_plain"))[[*both, "printed", "printed_plain"]]
    measured = tests[(tests["metric"] == metric) & (tests["status"] == "done")]
    control = measured[measured["comparison"] == "control"][[*both, "difference"]]
    measured = measured[measured["comparison"] == "plain"]
    measured = measured.merge(control, on=both, how="left", suffixes=("", "_control"))
    found = measured.merge(treated, on=both)
    return found.assign(printed_gain=found["printed"] - found["printed_plain"])


def _summed(paper: str, cells: pd.DataFrame, metric: str, unit: str) -> list[Gain]:
    """One Gain a data set, of the cells whose gain is printed and was measured with an interval."""
    found = []
    for data, rows in cells.dropna(subset=["printed_gain", "low", "high"]).groupby("dataset", sort=False):
        held = rows["printed_gain"].between(rows["low"], rows["high"])
        means = rows[["printed_gain", "difference", "low", "high", "difference_control"]].mean()
        sizes = (int(rows["seeds"].max()), unit, *means.iloc[:4], int(held.sum()), len(rows), means.iloc[4])
        found.append(Gain(paper, data, metric, *sizes))
    return found
