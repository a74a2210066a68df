"""Paired tests on per-user results. The unit is the user: results are averaged over seeds before they come here, so
that users times seeds are never counted as if they were independent. What is tested is these trained models on other
users; whether other seeds would say the same is the question of `two_levels`.
"""

from itertools import product
from math import erfc, sqrt

import numpy as np
from scipy import stats

EXACT = 12  # up to 2 ** 12 signs are enumerated
ALTERNATIVES = ("two-sided", "greater", "less")


def sign_flip(differences: np.ndarray, alternative: str = "two-sided") -> float:
    """p-value of a paired permutation test on the mean difference. `differences` has shape (users,).

    `alternative`: the mean difference is not zero (`two-sided`), above zero (`greater`) or below it (`less`).

    Under the hypothesis of no difference the two results of a user may be exchanged, i.e. each difference has a random
    sign. Chosen over Wilcoxon's signed ranks because the metrics are zero for most users and take few values: ranks
    would drop the zeros, be mostly ties, and test another quantity than the mean that the table shows. Here a zero
    difference contributes nothing to the sum nor to its spread.

    Few non-zero differences: all signs are enumerated. Many: the sum of randomly signed differences is compared with
    a normal distribution of the same variance, the sum of squares. The sum's even moments all lie below the normal
    ones (Khintchine), so that this errs towards no difference.
    """
    nonzero = _checked(differences, alternative)
    nonzero = nonzero[nonzero != 0]
    if len(nonzero) == 0:
        return 1.0
    side = {"two-sided": np.abs, "greater": np.positive, "less": np.negative}[alternative]
    observed = side(nonzero.sum())
    if len(nonzero) <= EXACT:
        sums = side(np.array(list(product((-1, 1), repeat=len(nonzero)))) @ nonzero)
        return float((sums >= observed - 1e-12 * np.abs(nonzero).sum()).mean())
    tails = erfc(observed / sqrt(2 * np.square(nonzero).sum()))
    return tails if alternative == "two-sided" else tails / 2


def wilcoxon(differences: np.ndarray, alternative: str = "two-sided") -> float:
    """p-value of Wilcoxon's signed ranks, zeros kept in the ranking (Pratt). A second opinion beside `sign_flip`: it
    asks whether the differences are symmetric around zero, not whether their mean is zero.
    """
    differences = _checked(differences, alternative)
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="pratt", alternative=alternative).pvalue)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % confidence interval of the mean difference over users (normal approximation)."""
    differences = np.asarray(differences, dtype=float)
    mean = float(differences.mean())
    if len(differences) < 2:
        return float("nan"), float("nan")
    half = 1.959964 * float(differences.std(ddof=1)) / sqrt(len(differences))
    return mean - half, mean + half


def detectable(differences: np.ndarray, level: float = 0.05, power: float = 0.8) -> float:
    """The smallest true mean difference that a two-sided test of this level finds in `power` of samples of as many
    users; an estimate, from the spread that was measured."""
    differences = np.asarray(differences, dtype=float)
    if len(differences) < 2:
        return float("nan")
    quantiles = stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power)
    return float(quantiles) * float(differences.std(ddof=1)) / sqrt(len(differences))


def _checked(differences: np.ndarray, alternative: str) -> np.ndarray:
    differences = np.asarray(differences, dtype=float)
    if not np.isfinite(differences).all():
        raise ValueError("a difference is not a finite number")
    if alternative not in ALTERNATIVES:
        raise ValueError(f"unknown alternative '{alternative}': one of {', '.join(ALTERNATIVES)}")
    return differences
