"""The statistics that a claim may name. Each turns rows of evidence into parts, one for each comparison.

pairs    share of the pairs (a, b), equal in the keys `same`, for which `a <relation> b` holds; of `above` and `below`
         an exact tie counts half, as it says nothing of either
gain     median (or mean) of 100 (a - b) / b over these pairs
contrast the same gain over the pairs whose row a is in the filter `first`, minus that over those in `second`
winners  share of the groups, equal in `same`, whose highest row is in the filter `winner`; ties are shared out
within   share of the values that lie inside `range`
level    mean of the values themselves
part     mean gain of c over b, as a share of the mean gain of a over b; a and c are equal in all keys but the table

Of several rows b of a pair the highest counts; of several rows a each makes a pair, or with `best: true` the highest.
With `curve`, a feature of a whole curve over x stands for its numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, t

from paper_tables.claims.evidence import select
from paper_tables.reported import KEYS

RELATIONS: Mapping[str, Callable] = {"above": gt, "at_least": ge, "below": lt, "at_most": le, "equal": np.isclose}
LEVEL = 0.05


@dataclass(frozen=True)
class Parts:
    """One row for each comparison, with its `dataset`; `summarise` makes a number of any of them (NaN of none)."""

    rows: pd.DataFrame
    summarise: Callable[[pd.DataFrame], float]

    @property
    def nothing_but_ties(self) -> bool:
        """Whether two sides were compared, and never differed."""
        return "tied" in self.rows and bool(len(self.rows)) and bool(self.rows["tied"].all())

    @property
    def value(self) -> float:
        return self.summarise(self.rows) if len(self.rows) else float("nan")

    @property
    def by_dataset(self) -> pd.Series:
        """The number of each data set alone; a data set that has none is left out."""
        values = {name: self.summarise(rows) for name, rows in self.rows.groupby("dataset", sort=False)}
        return pd.Series(values, dtype=float).dropna()


def parts(rows: pd.DataFrame, cells: Mapping, statistic: Mapping) -> Parts:
    """What a statistic finds in rows of evidence that have one value for each cell (no seeds)."""
    rows = _with_keys(select(rows, cells), statistic)
    if "curve" in statistic:
        rows = features(rows, statistic["curve"])
    return _KINDS[statistic["kind"]](rows, statistic)


def counterexamples(rows: pd.DataFrame, cells: Mapping, statistic: Mapping) -> int:
    """How many pairs clearly break the relation: beyond a t interval over the seeds, at 5 % for all pairs together
    (Bonferroni). `rows` has the values of each seed; pairs without two seeds are never clear.
    """
    rows = _with_keys(select(rows, cells), statistic)
    if "curve" in statistic or statistic["relation"] == "equal" or (rows["seed"] < 0).all():
        return 0
    side = 1 if statistic["relation"] in ("above", "at_least") else -1
    seeded = _joined(rows, {**statistic, "same": [*statistic["same"], "seed"]})
    differences = side * (seeded["value"] - seeded["value_b"])
    # a best row of a pair is best in each seed anew, so that its sampler may change
    same = statistic["same"] if statistic.get("best") else [key for key in [*KEYS, "x"] if key in seeded]
    found = differences.groupby([seeded[key] for key in same], dropna=False).agg(["mean", "std", "count"])
    tested = found[(found["count"] > 1) & (found["mean"] < 0)]
    half = t.ppf(1 - LEVEL / max(1, len(found)), tested["count"] - 1) * tested["std"] / np.sqrt(tested["count"])
    return int((tested["mean"] + half < 0).sum())


def features(rows: pd.DataFrame, feature: str) -> pd.DataFrame:
    """One row for each curve of three points and more, with the feature as its value.

    peak: x of the highest point (the first of several); best: the highest; last: at the largest x; spread: highest
    minus lowest, relative to the mean; trend: Kendall's tau with x; middle: mean over the middle third of the places
    minus the higher of the two ends; reach: the smallest x at which the curve is as high as the lowest peak of all
    curves of the same data set, anchor, sampler and metric.
    """
    rows = rows.dropna(subset="x").sort_values("x", kind="stable")
    curve = [name for name in rows if name not in ("x", "value")]
    panel = ["table", "dataset", "setting", "anchor", "sampler", "metric", "k"]
    found = []
    for _, points in rows.groupby(panel, sort=False):
        tall = [one for _, one in points.groupby(curve, sort=False) if len(one) > 2]
        level = min((one["value"].max() for one in tall), default=float("nan"))
        for one in tall:
            value = _feature(one["x"].to_numpy(), one["value"].to_numpy(), feature, level)
            found.append(one.iloc[0][curve].to_dict() | {"value": value})
    return pd.DataFrame(found, columns=[*curve, "value"])


def _feature(x: np.ndarray, y: np.ndarray, feature: str, level: float) -> float:
    if feature == "peak":
        return x[y.argmax()]
    if feature == "reach":
        return x[y >= level][0]
    if feature == "spread":
        return float(np.ptp(y) / y.mean()) if y.mean() else float("nan")
    if feature == "trend":
        tau = kendalltau(x, y).statistic
        return 0.0 if np.isnan(tau) else float(tau)  # a flat curve has no tendency
    if feature == "middle":
        third = len(y) / 3
        return float(y[round(third) : len(y) - round(third)].mean() - max(y[0], y[-1]))
    return {"best": y.max(), "last": y[-1]}[feature]


def within(value: object, bounds: Mapping[str, float]) -> object:
    """Whether a number, or each of an array, keeps all bounds."""
    return np.logical_and.reduce([RELATIONS[name](value, bound) for name, bound in bounds.items()])


def _with_keys(rows: pd.DataFrame, statistic: Mapping) -> pd.DataFrame:
    """The rows with every key that the statistic names: settings that no row has are empty."""
    return rows.assign(**{key: "" for key in statistic.get("same", ()) if key not in rows})


def _joined(rows: pd.DataFrame, statistic: Mapping) -> pd.DataFrame:
    """Each row a with its b as `value_b`."""
    same, left = list(statistic["same"]), select(rows, statistic["a"])
    if statistic.get("best"):
        left = left.loc[left.groupby(same)["value"].idxmax()]
    right = select(rows, statistic["b"]).groupby(same, as_index=False)["value"].max()
    return left.merge(right, on=same, suffixes=("", "_b"))


def _gains(rows: pd.DataFrame, statistic: Mapping) -> pd.DataFrame:
    """Each row a with its gain over b in percent; pairs whose b is not above zero have none."""
    found = _joined(rows, statistic).query("value_b > 0")
    return found.assign(part=100 * (found["value"] / found["value_b"] - 1))


def _share(rows: pd.DataFrame) -> Parts:
    return Parts(rows, lambda some: float(some["part"].mean()))


def _pairs(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    found = _joined(rows, statistic)
    holds = np.asarray(RELATIONS[statistic["relation"]](found["value"], found["value_b"]), dtype=float)
    if statistic["relation"] not in ("above", "below"):
        return _share(found.assign(part=holds))
    tied = np.asarray(found["value"] == found["value_b"])
    return _share(found.assign(part=np.where(tied, 0.5, holds), tied=tied))


def _gain(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    summary = statistic.get("summary", "median")
    return Parts(_gains(rows, statistic), lambda some: float(some["part"].agg(summary)))


def _contrast(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    found, summary = _gains(rows, statistic), statistic.get("summary", "median")
    sides = [found.index.isin(select(found, statistic[name]).index) for name in ("first", "second")]
    found = found.assign(side=np.select(sides, ["first", "second"], "")).query("side != ''")

    def difference(some: pd.DataFrame) -> float:
        first, second = (some.loc[some["side"] == side, "part"].agg(summary) for side in ("first", "second"))
        return float(first - second)

    return Parts(found, difference)


def _winners(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    same = list(statistic["same"])
    groups = rows.groupby(same)["value"]
    best = rows[(rows["value"] == groups.transform("max")) & (groups.transform("count") > 1)]
    best = best.assign(part=best.index.isin(select(best, statistic["winner"]).index).astype(float))
    return _share(best.groupby([*{"dataset": 0, **dict.fromkeys(same)}], as_index=False)["part"].mean())


def _within(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    return _share(rows.assign(part=within(rows["value"].to_numpy(dtype=float), statistic["range"]).astype(float)))


def _part(rows: pd.DataFrame, statistic: Mapping) -> Parts:
    """Not a number where a has no gain to share out."""
    whole, other = _gains(rows, statistic), _gains(rows, {**statistic, "a": statistic["c"]})
    keys = [key for key in KEYS if key != "table"]
    found = whole.merge(other[[*keys, "part"]], on=keys, suffixes=("", "_c"))

    def share(some: pd.DataFrame) -> float:
        gain = some["part"].mean()
        return float(some["part_c"].mean() / gain) if gain > 0 else float("nan")

    return Parts(found, share)


_KINDS = {
    "pairs": _pairs,
    "gain": _gain,
    "contrast": _contrast,
    "winners": _winners,
    "within": _within,
    "level": lambda rows, statistic: _share(rows.assign(part=rows["value"])),
    "part": _part,
}
