"""A verdict for each printed number, by the rules of verdict_rules.yaml (which says when, and why)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from datasets.pipeline.files import parse_yaml
from paper_tables.estimates import estimates, paired
from paper_tables.reported import NOT_COMPARABLE, anomalies
from paper_tables.results import DONE, FAILED

RULES = Path(__file__).parent / "verdict_rules.yaml"
SUSPECT, NOT_RUN, INCOMPARABLE = "printed value suspect", "not run", "not comparable"
CANNOT_TELL, REPRODUCED, DIRECTION, CONTRADICTED = "cannot tell", "reproduced", "direction only", "contradicted"
VALUE, GAIN = "value", "gain"  # what of a number is judged
_BARE = "; by the numbers "
_PLACE = ["table", "dataset", "setting", "metric", "k"]
_OTHER = ["anchor", "printed", "rounding", "measured", "by_unit"]


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
    """The rows of one paper and columns more (README.md says what each is): judged, printed_gain, gain, gain_std,
    pooled_std, freedom, low, high (the interval in which another run of ours would fall, of what is judged),
    difference, relative_difference, verdict, verdict_reason, by_numbers. Rows without a printed number have no verdict.

    rows: reported() beside measured(), so with paper, printed, value, suspect, anomalies and with status, reason,
    measured, std, seeds, by_unit, user_error, family, reading, cell, incomparable.
    """
    rows = rows.assign(treated=rows["method"] != "none")
    rows["difference"] = rows["measured"] - rows["printed"]
    rows["relative_difference"] = rows["difference"] / rows["printed"]
    rows["rounding"] = [rules()["rounding"] * 10.0 ** -len(text.partition(".")[2]) for text in rows["value"]]
    rows = rows.join(_compared_with(rows))
    others = rows["other_by_unit"].map(lambda found: found if isinstance(found, dict) else {})
    rows = rows.join(estimates(rows, rows["by_unit"]).add_prefix("value_"))
    rows = rows.join(estimates(rows, paired(rows["by_unit"], others)).add_prefix("apart_"))
    rows = _with_target(rows)
    found = [_verdict(row) for row in rows.itertuples()]
    return rows.join(pd.DataFrame(found, columns=["verdict", "verdict_reason", "by_numbers"], index=rows.index))


def _with_target(rows: pd.DataFrame) -> pd.DataFrame:
    """What is judged: of a treated row whose printed anchor is another number the gain, of all others the value."""
    gap, blur = rows["printed"] - rows["other_printed"], rows["rounding"] + rows["other_rounding"]
    gain = rows["treated"] & (gap.abs() > blur)
    names = ("mean", "units", "std", "freedom")
    used = {name: rows[f"apart_{name}"].where(gain, rows[f"value_{name}"]) for name in names}
    seeds_part = _quantile(used["freedom"]) * used["std"] * np.sqrt(1 + 1 / used["units"])
    half = np.hypot(seeds_part, _quantile(np.inf) * rows["user_error"].where(gain, 0).fillna(0))
    return rows.assign(
        judged=gain.map({True: GAIN, False: VALUE}),
        printed_gain=gap.where(rows["treated"]),
        gain=rows["apart_mean"].where(rows["treated"]),
        gain_std=rows["apart_own_std"].where(rows["treated"]),
        target=gap.where(gain, rows["printed"]),
        found=used["mean"],
        pooled_std=used["std"],
        freedom=used["freedom"],
        low=used["mean"] - half,
        high=used["mean"] + half,
        allowed=half + blur.where(gain, rows["rounding"]),
    )


def _compared_with(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of the row that each row's direction is judged against, as `other_...`; NaN where there is none."""
    plain = rows[~rows["treated"] & rows["printed"].notna() & ~rows["suspect"]]
    ranked = plain.sort_values("printed", ascending=False, kind="stable").groupby(_PLACE)
    best, second = (_alike(ranked.nth(place), rows, _PLACE) for place in (0, 1))
    own = _alike(plain, rows, [*_PLACE, "anchor"])
    reference = own.where(rows["treated"], best.where(best != rows.index, second))
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
    if row.judged == GAIN and not row.apart_units:
        return NOT_RUN, f"{row.other_anchor} alone, over which it gains, was not run with the same seeds or draws", ""
    facts = "; ".join(fact for fact in (row.incomparable, _open_protocol(row)) if fact)
    if np.isnan(row.low):
        unknown = "no spread known: no cell of this data, family and metric has two seeds"
        return INCOMPARABLE, f"{facts}; {unknown}" if facts else unknown, ""
    verdict, reason = _by_numbers(row)
    reason = f"read as {row.reading}: {reason}" if row.reading else reason
    return (INCOMPARABLE, f"{facts}{_BARE}{verdict}: {reason}", verdict) if facts else (verdict, reason, "")


def _by_numbers(row: object) -> tuple[str, str]:
    off = row.found - row.target
    inside = abs(off) <= row.allowed
    told = f"{row.judged} off by {off:+.3g}, {'within' if inside else 'outside'} {row.allowed:.3g} ({_basis(row)})"
    if not inside:
        return _direction(row, told)
    held = _held_too(row)
    return (CANNOT_TELL, f"{told}, which holds {held}, too") if held else (REPRODUCED, told)


def _held_too(row: object) -> str:
    """What the interval holds beside the printed number, where it is so wide that it tells nothing."""
    if row.judged == GAIN:
        return "no gain at all" if abs(row.found) <= row.allowed else ""
    others = {"half the printed value": row.target / 2, "twice the printed value": row.target * 2}
    held = [
        name
        for name, other in others.items()
        if abs(other - row.target) > row.rounding and abs(row.found - other) <= row.allowed
    ]
    return " and ".join(held)


def _basis(row: object) -> str:
    """How many seeds, the pooled and the own deviation: what the width rests on."""
    side = "apart" if row.judged == GAIN else "value"
    units, cells, own = (getattr(row, f"{side}_{name}") for name in ("units", "cells", "own_std"))
    unit = "draw" if row.reading else "seed"
    told = f"{units} {unit}{'s' * (units > 1)}, "
    if row.pooled_std:
        told += f"±{row.pooled_std:.3g} pooled over {cells} cell{'s' * (cells > 1)} "
        told += f"with {row.freedom:.3g} degrees of freedom"
        told += f", ±{own:.3g} its own" if own == own else ""
    else:
        told += "without any spread"
    return told + "; without the users' chance: no ranks" * bool(row.judged == GAIN and np.isnan(row.user_error))


def _direction(row: object, outside: str) -> tuple[str, str]:
    """Of a number that is not the printed one: whether it lies on the printed side of what it is compared with."""
    if pd.isna(row.other_printed):
        return CONTRADICTED, f"{outside}; nothing printed to take a direction from"
    name, gap = f"{row.other_anchor} alone", row.printed - row.other_printed
    if abs(gap) <= row.rounding + row.other_rounding:
        return CONTRADICTED, f"{outside}; printed equal to {name}, so no direction"
    if not row.apart_units or np.isnan(row.apart_std):
        return CONTRADICTED, f"{outside}; {name}, which gives the direction, was not run with the same seeds or draws"
    error = row.apart_std / np.sqrt(row.apart_units)
    users = 0 if np.isnan(row.user_error) else row.user_error
    least = np.hypot(_quantile(row.apart_freedom) * error, _quantile(np.inf) * users)
    against = f"{row.apart_mean:+.3g} against {name}, printed {gap:+.3g}"
    if abs(row.apart_mean) <= least:
        return CONTRADICTED, f"{outside}; {against}: not distinguishable from zero (±{least:.3g})"
    if np.sign(row.apart_mean) != np.sign(gap):
        return CONTRADICTED, f"{outside}; {against}: the other direction"
    return DIRECTION, f"{outside}; {against}: the same direction"


def _open_protocol(row: object) -> str:
    """The anomalies of a row because of which it cannot be known what was measured."""
    touching = row.anomalies.split("; ")
    open_ = [entry["id"] for entry in anomalies(row.paper) if entry["consequence"] == NOT_COMPARABLE]
    return "; ".join(f"{name}: how it was measured is not known" for name in open_ if name in touching)


def _quantile(freedom: float | pd.Series) -> float | np.ndarray:
    return t.ppf((1 + rules()["level"]) / 2, freedom)
