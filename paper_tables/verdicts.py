"""A verdict for each printed number, by the rules of verdict_rules.yaml (which says when, and why)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t

from paper_tables.reported import NOT_COMPARABLE, anomalies
from paper_tables.results import DONE, FAILED

RULES = Path(__file__).parent / "verdict_rules.yaml"
SUSPECT, NOT_RUN, INCOMPARABLE = "printed value suspect", "not run", "not comparable"
REPRODUCED, DIRECTION, CONTRADICTED = "reproduced", "direction only", "contradicted"
NO_SPREAD = 1e-9  # a standard deviation below it is arithmetic, not randomness
_PLACE = ["table", "dataset", "setting", "metric", "k"]


@cache
def rules() -> Mapping:
    return yaml.safe_load(RULES.read_text(encoding="utf-8"))


def verdict_names() -> list[str]:
    """The verdicts, in the order in which the rules are tried."""
    return [entry["verdict"] for entry in rules()["verdicts"]]


def signs() -> dict[str, str]:
    """One letter for each verdict, so that no verdict rests on a colour alone."""
    return {entry["verdict"]: entry["sign"] for entry in rules()["verdicts"]}


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one paper and columns more: low, high (the interval in which another run of ours would fall),
    difference, relative_difference, verdict, verdict_reason. Rows without a printed number have no verdict.

    rows: reported() beside measured(), so with paper, printed, value, suspect, anomalies and with status, reason,
    measured, std, seeds, cell, incomparable.
    """
    rows = rows.join(_spread(rows))
    half = t.ppf(_upper(), rows["freedom"]) * np.sqrt(rows["variance"] * (1 + 1 / rows["seeds"]))
    rows = rows.assign(low=rows["measured"] - half, high=rows["measured"] + half)
    rows["difference"] = rows["measured"] - rows["printed"]
    rows["relative_difference"] = rows["difference"] / rows["printed"]
    rows["rounding"] = [rules()["rounding"] * 10.0 ** -len(text.partition(".")[2]) for text in rows["value"]]
    beside = _compared_with(rows)
    found = [_verdict(row, rows, beside) for row in rows.itertuples()]
    return rows.assign(verdict=[one for one, _ in found], verdict_reason=[why for _, why in found]).drop(
        columns=["variance", "freedom", "source", "rounding"]
    )


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


def _compared_with(rows: pd.DataFrame) -> dict:
    """Index of a row -> index of the row that its direction is judged against; absent where there is none."""
    plain = rows[(rows["method"] == "none") & rows["printed"].notna() & ~rows["suspect"]]
    anchors = {key: index for index, key in zip(plain.index, _keys(plain, [*_PLACE, "anchor"]), strict=True)}
    ranked = plain.sort_values("printed", ascending=False, kind="stable")
    best = ranked.groupby(_PLACE, sort=False).head(2).groupby(_PLACE, sort=False).groups
    found = {}
    for index, row in rows.iterrows():
        if row["method"] != "none":
            reference = anchors.get(tuple(row[[*_PLACE, "anchor"]]))
        else:
            reference = next((other for other in best.get(tuple(row[_PLACE]), ()) if other != index), None)
        if reference is not None:
            found[index] = reference
    return found


def _verdict(row: object, rows: pd.DataFrame, beside: Mapping) -> tuple[str, str]:
    if row.suspect:
        return SUSPECT, f"see {row.anomalies}"
    if np.isnan(row.printed):
        return "", ""
    if row.status != DONE:
        return NOT_RUN, f"failed: {row.reason}" if row.status == FAILED else row.reason
    facts = [fact for fact in (row.incomparable, _open_protocol(row)) if fact]
    if np.isnan(row.low):
        return INCOMPARABLE, "; ".join([*facts, "no spread known: no cell of this data and metric has two seeds"])
    verdict, reason = _by_numbers(row, rows, beside)
    return (INCOMPARABLE, f"{'; '.join(facts)}; by the numbers {verdict}: {reason}") if facts else (verdict, reason)


def _by_numbers(row: object, rows: pd.DataFrame, beside: Mapping) -> tuple[str, str]:
    allowed = (row.high - row.low) / 2 + row.rounding
    basis = f"{row.seeds} seed{'s' * (row.seeds > 1)}, {row.source}"
    if abs(row.difference) <= allowed:
        return REPRODUCED, f"off by {row.difference:+.3g}, within {allowed:.3g} ({basis})"
    outside = f"off by {row.difference:+.3g}, outside {allowed:.3g} ({basis})"
    if row.Index not in beside:
        return CONTRADICTED, f"{outside}; nothing printed to take a direction from"
    other = rows.loc[beside[row.Index]]
    name = f"{other['anchor']} alone"
    gap = row.printed - other["printed"]
    if abs(gap) <= row.rounding + other["rounding"]:
        return CONTRADICTED, f"{outside}; printed equal to {name}, so no direction"
    if other["status"] != DONE or np.isnan(other["low"]):
        return CONTRADICTED, f"{outside}; {name}, which gives the direction, was not run"
    ours = row.measured - other["measured"]
    error = np.sqrt(row.variance / row.seeds + other["variance"] / other["seeds"])
    least = t.ppf(_upper(), min(row.freedom, other["freedom"])) * error
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


def _keys(rows: pd.DataFrame, names: list[str]) -> zip:
    return zip(*(rows[name] for name in names), strict=True)
