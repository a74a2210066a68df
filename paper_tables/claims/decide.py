"""From a claim's number to its answer, by exact intervals that assume no distribution, and what would decide it.

A claim's value is what its interval is an interval of, so that it always lies inside: the median of the data sets' own
numbers, the median shift between two groups, the mean of the seeds' own numbers.

Pairs of one data set share its data, its users and its anchors, so that they are never counted as independent. The
unit is the data set: the 95 % interval of the number over data sets is the sign test turned round, between two of the
data sets' own numbers in order. Below six data sets no sign test reaches 5 % on both sides, so there is no interval.
Where a claim contrasts two groups of data sets, the interval is the rank-sum test turned round (Hodges and Lehmann
1963). Where it names its data sets, the unit is the seed, and the interval Student's over the seeds' numbers. Where all
seeds give the same number, Student's would have no width, whatever two or three seeds can know: such an interval is the
sign test's, and there is none below six.
"""

from collections.abc import Mapping
from functools import cache
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import binom, t

from paper_tables.claims.kinds import LEVEL, within

SUPPORTED, NOT_SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "not supported", "contradicted", "undecided"
MOST = 1000  # more units than that are named as such, and not counted


def answer(
    support: Mapping[str, float], contradiction: Mapping[str, float], value: float, low: float, high: float
) -> str:
    """The answer for a number and its interval. Not supported: the interval keeps clear of what would support it."""
    points = np.array([value, low, high])
    if np.isnan(points).any():
        return UNDECIDED
    if within(points, support).all():
        return SUPPORTED
    if within(points, contradiction).all():
        return CONTRADICTED
    return NOT_SUPPORTED if _apart(low, high, support) else UNDECIDED


def over_datasets(values: np.ndarray) -> tuple[float, float, float]:
    """(median, its 95 % interval) of the data sets' numbers, of shape (units,)."""
    return float(np.median(values)) if len(values) else float("nan"), *sign_interval(values)


def between_groups(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """(shift, its 95 % interval) between two groups of data sets: Hodges and Lehmann's median of all differences."""
    differences = np.subtract.outer(first, second)
    return float(np.median(differences)) if differences.size else float("nan"), *rank_sum_interval(first, second)


def over_seeds(values: np.ndarray) -> tuple[float, float, float]:
    """(mean, its 95 % interval) of the seeds' numbers, of shape (seeds,)."""
    return float(values.mean()) if len(values) else float("nan"), *seed_interval(values)


def sign_interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the median of the values, of shape (units,): the sign test turned round. NaN below six."""
    n = len(values)
    outside = [k for k in range(1, n // 2 + 1) if 2 * binom.cdf(k - 1, n, 0.5) <= LEVEL]
    if not outside:
        return float("nan"), float("nan")
    ordered = np.sort(values)
    return float(ordered[outside[-1] - 1]), float(ordered[n - outside[-1]])


def rank_sum_interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """95 % interval of the shift between two groups of units: the rank-sum test turned round. NaN for too few."""
    differences = np.sort(np.subtract.outer(first, second).ravel())
    m, n = len(first), len(second)
    ways = np.cumsum([_ways(u, m, n) for u in range(m * n // 2)]) if m and n else np.array([])
    outside = np.flatnonzero(2 * ways / comb(m + n, m) <= LEVEL) if m and n else ways
    if not len(outside):
        return float("nan"), float("nan")
    return float(differences[outside[-1]]), float(differences[-1 - outside[-1]])


def seed_interval(values: np.ndarray) -> tuple[float, float]:
    """Student's 95 % interval of the mean over seeds, of shape (seeds,). NaN for one seed; of numbers that are all the
    same the sign test's, NaN below six."""
    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    if np.ptp(values) == 0:
        return sign_interval(values)
    half = t.ppf(1 - LEVEL / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)


def datasets_needed(values: pd.Series, support: Mapping[str, float]) -> str:
    """How many data sets more would decide, if they fell on the sides as those at hand do."""
    n = len(values)
    if n == 0:
        return "6 data sets that have such a number"
    inside = int(within(values.to_numpy(), support).sum())
    larger = max(inside, n - inside)
    for total in range(n + 1, MOST + 1):
        if 2 * binom.cdf(total - round(total * larger / n), total, 0.5) <= LEVEL:
            return f"{_more(total - n, 'data set')}, if they fall as those at hand"
    return f"more than {MOST} data sets: those at hand fall to both sides alike"


def groups_needed(sizes: Mapping[str, int]) -> str:
    """The same for two groups of data sets: the fewest with which a rank-sum test can reach 5 % on both sides."""
    return (
        f"data sets of both groups: {sizes.get('first', 0)} and {sizes.get('second', 0)} are at hand, "
        "3 and 5, or 4 and 4, are the fewest that can decide"
    )


def seeds_needed(values: np.ndarray, support: Mapping[str, float]) -> str:
    """How many seeds more would decide, if mean and deviation stay."""
    n = len(values)
    if n < 2:
        return _more(2 - n, "seed") + " at least"
    if np.ptp(values) == 0:
        return f"{_more(6 - n, 'seed')}, if they give the same number"
    distance = min(abs(values.mean() - bound) for bound in support.values())
    for total in range(n + 1, MOST + 1):
        if t.ppf(1 - LEVEL / 2, total - 1) * values.std(ddof=1) / np.sqrt(total) < distance:
            return f"{_more(total - n, 'seed')}, if mean and deviation stay"
    return f"more than {MOST} seeds: the number stands at the threshold"


def _more(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' * (count != 1)} more"


@cache
def _ways(u: int, m: int, n: int) -> int:
    """In how many orders of m and n units the rank-sum statistic is u (Mann and Whitney 1947)."""
    if u < 0:
        return 0
    if m == 0 or n == 0:
        return int(u == 0)
    return _ways(u - n, m - 1, n) + _ways(u, m, n - 1)


def _apart(low: float, high: float, bounds: Mapping[str, float]) -> bool:
    """Whether nothing between low and high keeps the bounds."""
    too_low = high < bounds.get("at_least", -np.inf) or high <= bounds.get("above", -np.inf)
    return too_low or low > bounds.get("at_most", np.inf) or low >= bounds.get("below", np.inf)
