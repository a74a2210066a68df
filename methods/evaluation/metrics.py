"""Metrics from ranks. Knows nothing of models: the input is, for each user, how many items scored above the held-out
target and how many others scored the same.

Ties. The target may stand at any of the `ties + 1` tied places. The default policy, `expected`, averages every metric
over these places: the mean place is the mid-rank, and a model that gives all items one score gets what chance gives.
"""

import numpy as np

CUTOFFS = (5, 10, 20)
TIE_POLICIES = ("expected", "mid", "optimistic", "pessimistic")


def gains(metric: str, cutoff: int) -> np.ndarray:
    """Value of the metric when the one relevant item stands at rank 1, 2, .., `cutoff`. Shape (cutoff,).

    hr: 1. ndcg: 1 / log2(rank + 1), the ideal DCG of one relevant item being 1. mrr: 1 / rank.
    f1: harmonic mean of precision 1/cutoff and recall 1, which is 2 / (cutoff + 1); for cutoff 5 that is hr / 3.
    """
    rank = np.arange(1, cutoff + 1)
    if metric == "hr":
        return np.ones(cutoff)
    if metric == "f1":
        return np.full(cutoff, 2.0 / (cutoff + 1))
    if metric == "ndcg":
        return 1.0 / np.log2(rank + 1.0)
    if metric == "mrr":
        return 1.0 / rank
    raise ValueError(f"unknown metric '{metric}': one of hr, f1, ndcg, mrr")


def per_user(metric: str, cutoff: int, above: np.ndarray, ties: np.ndarray, policy: str = "expected") -> np.ndarray:
    """The metric of every user. `above` and `ties` are integer arrays of shape (users,), as is the result (float)."""
    above, ties = np.asarray(above, dtype=np.int64), np.asarray(ties, dtype=np.int64)
    if (above < 0).any() or (ties < 0).any():
        raise ValueError("a rank below 1: counts of items above the target and of ties must not be negative")
    gain = gains(metric, cutoff)
    if policy == "expected":
        total = np.concatenate([[0.0], np.cumsum(gain)])
        first, last = np.minimum(above, cutoff), np.minimum(above + ties + 1, cutoff)
        return (total[last] - total[first]) / (ties + 1)
    # a mid-rank between two places counts as the lower of the two (rank 5.5 is not among the first five)
    places = {"mid": above + (ties + 1) // 2, "optimistic": above, "pessimistic": above + ties}
    if policy not in places:
        raise ValueError(f"unknown tie policy '{policy}': one of {', '.join(TIE_POLICIES)}")
    padded = np.concatenate([gain, [0.0]])
    return padded[np.minimum(places[policy], cutoff)]


def summary(above: np.ndarray, ties: np.ndarray, policy: str = "expected") -> dict[str, float]:
    """Means over users of every metric at every cutoff, as fractions: {'f1@5': …, 'ndcg@5': …, 'hr@20': …}."""
    if len(above) == 0:
        raise ValueError("no user to evaluate: the split has no held-out item")
    return {
        f"{metric}@{cutoff}": float(per_user(metric, cutoff, above, ties, policy).mean())
        for metric in ("f1", "hr", "mrr", "ndcg")
        for cutoff in CUTOFFS
    }
