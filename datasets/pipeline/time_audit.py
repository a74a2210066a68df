"""Is the time of a data set a clock? Every answer is a share of rows or users, which single rows do not move."""

import time as clock
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from datasets.pipeline.finding import Finding, graded

FIRST = 631_152_000  # 1990, before any data set of this kind
UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}


def inspect_time(interactions: pd.DataFrame) -> list[Finding]:
    """Findings as in datasets/pipeline/audit.py of `user` and `time`, rows sorted by user, each user's in order."""
    time = interactions["time"].to_numpy(np.int64)
    users = interactions["user"].to_numpy()
    begin = np.flatnonzero(np.diff(users, prepend=-1))
    ties = (np.diff(time) == 0)[np.diff(users) == 0]
    units = _units(time)
    rows = " and ".join(f"{count / len(time):.1%} {unit}" for unit, count in units.items())
    return [
        graded("time", _commonest(time), (0.05, 0.2, 0.5), "of rows have one and the same time"),
        graded(
            "time range",
            (len(time) - units.get("seconds", 0)) / len(time),
            (0.0, 0.001),
            f"of rows lie outside 1990 to now, in seconds since 1970 (from {_day(time.min())} to {_day(time.max())})",
        ),
        graded(
            "mixed time units",
            (sum(units.values()) - max(units.values(), default=0)) / len(time),
            (0.0, 0.001, 0.05),
            f"of rows have another unit of time than most{f'; as times since 1990: {rows}' if rows else ''}",
        ),
        graded(
            "time ties",
            float(ties.mean()) if len(ties) else 0.0,
            (0.0, 0.2),
            "of a user's neighbouring rows share one time; the file's order decides",
        ),
        graded(
            "time is a count",
            _commonest(np.minimum.reduceat(time, begin)),
            (0.1, 0.3, 0.5),
            "of users begin at the very same instant; near 1, 'time' counts rows and is no clock",
        ),
    ]


def errors(findings: Sequence[Finding]) -> str:
    """What of the findings forbids to cut the data on its time line; "" where nothing does."""
    return _said(each for each in findings if each.level == "error")


def undated(findings: Sequence[Finding]) -> str:
    """What of the findings forbids to cut the data at a date, which rows in another unit of time would all lie behind;
    "" where nothing does."""
    units = ("time range", "mixed time units")
    return _said(each for each in findings if each.level == "error" or each.check in units and each.level == "warning")


def _said(findings: Iterable[Finding]) -> str:
    return "; ".join(f"{each.value:.1%} {each.meaning}" for each in findings)


def _commonest(values: np.ndarray) -> float:
    """The share of the commonest value, of two at least that are alike."""
    most = np.unique(values, return_counts=True)[1].max()
    return most / len(values) if most > 1 else 0.0


def _units(time: np.ndarray) -> dict[str, int]:
    """How many of the times lie between 1990 and now in each unit; units of none are left out. The spans of two units
    do not meet."""
    now = int(clock.time())
    counts = {unit: int(((time >= FIRST * of) & (time <= now * of)).sum()) for unit, of in UNITS.items()}
    return {unit: count for unit, count in counts.items() if count}


def _day(seconds: np.int64) -> str:
    return str(seconds.astype("datetime64[s]").astype("datetime64[D]"))
