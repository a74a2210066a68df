"""Paired tests on per-user results. The unit is the user: results are averaged over seeds before they come here, so
that users times seeds are never counted as if they were independent.
"""

from itertools import product
from math import erfc, sqrt

import numpy as np

EXACT = 12  # up to 2 ** 12 signs are enumerated


def sign_flip(differences: np.ndarray) -> float:
    """Two-sided p-value of a paired permutation test on the mean difference. `differences` has shape (users,).

    Under the hypothesis of no difference the two results of a user may be exchanged, i.e. each difference has a random
    sign. Chosen over Wilcoxon's signed ranks because the metrics are zero for most users and take few values: ranks
    would drop the zeros, be mostly ties, and test another quantity than the mean that the table shows. Here a zero
    difference contributes nothing to the sum nor to its spread.

    Few non-zero differences: all signs are enumerated. Many: the sum of randomly signed differences is compared with
    a normal distribution of the same variance, the sum of squares. The sum's even moments all lie below the normal
    ones (Khintchine), so that this errs towards no difference.
    """
    nonzero = np.asarray(differences, dtype=float)
    nonzero = nonzero[nonzero != 0]
    if not np.isfinite(nonzero).all():
        raise ValueError("a difference is not a finite number")
    if len(nonzero) == 0:
        return 1.0
    observed = abs(nonzero.sum())
    if len(nonzero) <= EXACT:
        sums = np.abs(np.array(list(product((-1, 1), repeat=len(nonzero)))) @ nonzero)
        return float((sums >= observed * (1 - 1e-12)).mean())
    return erfc(observed / sqrt(2 * np.square(nonzero).sum()))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction: adjusted p-values in the given order. NaN (no test) stays and does not count."""
    p_values = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p_values), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % confidence interval of the mean difference over users (normal approximation)."""
    differences = np.asarray(differences, dtype=float)
    mean = float(differences.mean())
    if len(differences) < 2:
        return float("nan"), float("nan")
    half = 1.959964 * float(differences.std(ddof=1)) / sqrt(len(differences))
    return mean - half, mean + half
