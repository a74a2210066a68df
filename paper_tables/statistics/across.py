"""Several methods on several data sets (Demšar, JMLR 7, 2006). The unit is the data set: each ranks all methods."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from paper_tables.statistics.correction import holm

PERMUTATIONS = 10_000


@dataclass(frozen=True)
class Friedman:
    """ranks: shape (data sets, methods), 1 the best, ties shared; mean_ranks: (methods,); statistic: Friedman's
    chi-square with ties; p_value: of its limit, which needs many data sets; p_permutation: of drawn rankings.
    """

    ranks: np.ndarray
    mean_ranks: np.ndarray
    statistic: float
    p_value: float
    p_permutation: float


def friedman(values: np.ndarray, seed: int = 1) -> Friedman:
    """Do the methods differ? `values` has shape (data sets, methods), higher is better; at least 2 of either.

    With few data sets the chi-square limit is no guide, so each data set's ranking is also permuted at random.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f"shape {values.shape}: at least two data sets and two methods are needed")
    if not np.isfinite(values).all():
        raise ValueError("a result is not a finite number; ranks need every method on every data set")
    ranks = stats.rankdata(-values, axis=1)
    statistic = float(_statistic(ranks))
    p_value = float(stats.chi2.sf(statistic, values.shape[1] - 1))
    generator = np.random.default_rng(seed)
    drawn = generator.permuted(np.broadcast_to(ranks, (PERMUTATIONS, *ranks.shape)), axis=2)
    # the ranking at hand is one of the possible ones, hence the one above and below
    p_permutation = (1 + np.count_nonzero(_statistic(drawn) >= statistic - 1e-9)) / (1 + PERMUTATIONS)
    return Friedman(ranks, ranks.mean(axis=0), statistic, p_value, float(p_permutation))


def _statistic(ranks: np.ndarray) -> np.ndarray:
    """Friedman's statistic, corrected for ties; 0 where all methods tie everywhere. Over the last two axes."""
    datasets, methods = ranks.shape[-2:]
    middle = (methods + 1) / 2
    between = datasets * np.square(ranks.mean(axis=-2) - middle).sum(axis=-1)
    spread = np.square(ranks - middle).sum(axis=(-2, -1)) / (datasets * (methods - 1))
    return np.divide(between, spread, out=np.zeros_like(between), where=spread > 0)


def critical_difference(methods: int, datasets: int, level: float = 0.05) -> float:
    """Nemenyi: mean ranks that lie further apart than this differ, all pairs compared."""
    quantile = stats.studentized_range.ppf(1 - level, methods, np.inf) / sqrt(2)
    return float(quantile * sqrt(methods * (methods + 1) / (6 * datasets)))


def posthoc(mean_ranks: np.ndarray, datasets: int, correction: str = "nemenyi") -> np.ndarray:
    """p-values of all pairs of methods, corrected for their number. Shape (methods, methods), 1 on the diagonal.

    `nemenyi`: the studentised range, as in the critical difference. `holm`: normal, Holm over the pairs, more powerful.
    """
    mean_ranks = np.asarray(mean_ranks, dtype=float)
    methods = len(mean_ranks)
    apart = np.abs(mean_ranks[:, None] - mean_ranks) / sqrt(methods * (methods + 1) / (6 * datasets))
    rows, columns = np.triu_indices(methods, 1)
    if correction == "nemenyi":
        pairs = stats.studentized_range.sf(apart[rows, columns] * sqrt(2), methods, np.inf)
    elif correction == "holm":
        pairs = holm(2 * stats.norm.sf(apart[rows, columns]))
    else:
        raise ValueError(f"unknown correction '{correction}': one of nemenyi, holm")
    p_values = np.ones((methods, methods))
    p_values[rows, columns] = p_values[columns, rows] = pairs
    return p_values


def cliques(mean_ranks: np.ndarray, difference: float) -> list[tuple[int, int]]:
    """Longest stretches (first, last), as places in ascending order of rank, within which none is told apart.

    Stretches of a single method are left out.
    """
    ascending = np.sort(mean_ranks)
    last = np.searchsorted(ascending, ascending + difference + 1e-12, side="right") - 1
    return [
        (first, int(end)) for first, end in enumerate(last) if end > first and (first == 0 or end > last[first - 1])
    ]
