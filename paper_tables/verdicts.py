"""A verdict for each printed number, by the rules of verdict_rules.yaml (which says when, and why)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from datasets.pipeline.files import parse_yaml
from paper_tables.reported import NOT_COMPARABLE, anomalies
from paper_tables.results import DONE, FAILED

RULES = Path(__file__).parent / "verdict_rules.yaml"
SUSPECT, NOT_RUN, INCOMPARABLE = "printed value suspect", "not run", "not comparable"
REPRODUCED, DIRECTION, CONTRADICTED = "reproduced", "direction only", "contradicted"
NO_SPREAD = 1e-9  # a standard deviation below it is arithmetic, not randomness
_BARE = "; by the numbers "
_PLACE = ["table", "dataset", "setting", "metric", "k"]
_OTHER = ["anchor", "printed", "rounding", "measured", "low", "variance", "freedom", "seeds"]


@cache
def rules() -> Mapping:
    return parse_yaml(RULES.read_text(encoding="utf-8"))


def verdict_names() -> list[str]:
    """The verdicts, in the order in which the rules are tried."""
    return [entry["verdict"] for entry in rules()["verdicts"]]


def signs() -> dict[str, str]:
    """One letter for each verdict, so that no verdict rests on a colour alone."""
    return {entry["verdict"]: entry["sign"] for entry in rules()["verdicts"]}


def incomparable(rows: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """(data set, why, rows) of all judged numbers that are not comparable for the same reason."""
    rows = rows[rows["verdict"] == INCOMPARABLE]
    why = rows["verdict_reason"].str.split(_BARE, regex=False).str[0]
    return [(dataset, reason, of) for (dataset, reason), of in rows.groupby([rows["dataset"], why], sort=False)]


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one paper and columns more: low, high (the interval in which another run of ours would fall),
    difference, relative_difference, verdict, verdict_reason, by_numbers (what a number that is not comparable would get
    by its value alone). Rows without a printed number have no verdict.

    rows: reported() beside measured(), so with paper, printed, value, suspect, anomalies and with status, reason,
    measured, std, seeds, cell, incomparable.
    """
    rows = rows.join(_spread(rows))
    half = t.ppf(_upper(), rows["freedom"]) * np.sqrt(rows["variance"] * (1 + 1 / rows["seeds"]))
    rows = rows.assign(low=rows["measured"] - half, high=rows["measured"] + half)
    rows["difference"] = rows["measured"] - rows["printed"]
    rows["relative_difference"] = rows["difference"] / rows["printed"]
    rows["rounding"] = [rules()["rounding"] * 10.0 ** -len(text.partition(".")[2]) for text in rows["value"]]
    found = [_verdict(row) for row in rows.join(_compared_with(rows)).itertuples()]
    found = pd.DataFrame(found, columns=["verdict", "verdict_reason", "by_numbers"], index=rows.index)
    return rows.drop(columns=["variance", "freedom", "source", "rounding"]).join(found)


def _spread(rows: pd.DataFrame) -> pd.DataFrame:
    """variance over seeds, its degrees of freedom, and where it comes from, for each row."""
    random = rows.groupby("cell")["std"].transform("max") > NO_SPREAD
    keys = ["dataset", "setting", "metric", "k"]
    known = rows[random & (rows["seeds"] > 1)].drop_duplicates(["cell", *keys])
    known = known.assign(freedom=known["seeds"] - 1, squares=(known["seeds"] - 1) * known["std"] ** 2)
    pooled = known.groupby(keys).agg(freedom=("freedom", "sum"), squares=("squares", "sum"), cells=("cell", "size"))
    pooled = rows[keys].join(pooled, on=keys)
    own = rows["seeds"] >= rules()["enough_seeds"]
    source = "variance pooled over " + pooled["cells"].fillna(0).astype(int).astype(str) + " cells"
    return pd.DataFrame(
        {
            "variance": (rows["std"] ** 2).where(own, pooled["squares"] / pooled["freedom"]),
            "freedom": (rows["seeds"] - 1).where(own, pooled["freedom"]),
            "source": pd.Series("its own variance", index=rows.index).where(own, source),
        }
    )


def _compared_with(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of the row that each row's direction is judged against, as `other_...`; NaN where there is none."""
    plain = rows[(rows["method"] == "none") & rows["printed"].notna() & ~rows["suspect"]]
    ranked = plain.sort_values("printed", ascending=False, kind="stable").groupby(_PLACE)
    best, second = (_alike(ranked.nth(place), rows, _PLACE) for place in (0, 1))
    own = _alike(plain, rows, [*_PLACE, "anchor"])
    reference = best.where(best != rows.index, second).where(rows["method"] == "none", own)
    return rows[_OTHER].reindex(reference).set_axis(rows.index).add_prefix("other_")


def _alike(found: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """For each of the rows the index of the row of `found` that has the same keys; NaN where none has."""
    places = pd.Series(found.index, index=pd.MultiIndex.from_frame(found[keys]), dtype=float)
    return places.reindex(pd.MultiIndex.from_frame(rows[keys])).set_axis(rows.index)


def _verdict(row: object) -> tuple[str, str, str]:
    """(verdict, its reason, the verdict of the bare numbers)."""
    if row.suspect:
        return SUSPECT, f"see {row.anomalies}", ""
    if np.isnan(row.printed):
        return "", "", ""
    if row.status != DONE:
        return NOT_RUN, f"failed: {row.reason}" if row.status == FAILED else row.reason, ""
    facts = "; ".join(fact for fact in (row.incomparable, _open_protocol(row)) if fact)
    if np.isnan(row.low):
        unknown = "no spread known: no cell of this data and metric has two seeds"
        return INCOMPARABLE, f"{facts}; {unknown}" if facts else unknown, ""
    verdict, reason = _by_numbers(row)
    return (INCOMPARABLE, f"{facts}{_BARE}{verdict}: {reason}", verdict) if facts else (verdict, reason, "")


def _by_numbers(row: object) -> tuple[str, str]:
    allowed = (row.high - row.low) / 2 + row.rounding
    basis = f"{row.seeds} seed{'s' * (row.seeds > 1)}, {row.source}"
    if abs(row.difference) <= allowed:
        blunt = row.method != "none" and abs(row.measured - row.other_printed) <= allowed  # false where there is none
        wide = f"; so wide that it holds {row.other_anchor} alone as printed, too" * bool(blunt)
        return REPRODUCED, f"off by {row.difference:+.3g}, within {allowed:.3g} ({basis}){wide}"
    outside = f"off by {row.difference:+.3g}, outside {allowed:.3g} ({basis})"
    if pd.isna(row.other_printed):
        return CONTRADICTED, f"{outside}; nothing printed to take a direction from"
    name = f"{row.other_anchor} alone"
    gap = row.printed - row.other_printed
    if abs(gap) <= row.rounding + row.other_rounding:
        return CONTRADICTED, f"{outside}; printed equal to {name}, so no direction"
    if np.isnan(row.other_low):
        return CONTRADICTED, f"{outside}; {name}, which gives the direction, was not run"
    ours = row.measured - row.other_measured
    error = np.sqrt(row.variance / row.seeds + row.other_variance / row.other_seeds)
    least = t.ppf(_upper(), min(row.freedom, row.other_freedom)) * error
    against = f"{ours:+.3g} against {name}, printed {gap:+.3g}"
    if abs(ours) <= least:
        return CONTRADICTED, f"{outside}; {against}: not distinguishable from zero (±{least:.3g})"
    if np.sign(ours) != np.sign(gap):
        return CONTRADICTED, f"{outside}; {against}: the other direction"
    return DIRECTION, f"{outside}; {against}: the same direction"


def _open_protocol(row: object) -> str:
    """The anomalies of a row because of which it cannot be known what was measured."""
    touching = row.anomalies.split("; ")
    open_ = [entry["id"] for entry in anomalies(row.paper) if entry["consequence"] == NOT_COMPARABLE]
    return "; ".join(f"{name}: how it was measured is not known" for name in open_ if name in touching)


def _upper() -> float:
    return (1 + rules()["level"]) / 2
