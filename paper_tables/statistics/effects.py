"""How large a difference is, beside whether there is one. All of paired per-user values of shape (users,)."""

import numpy as np


def paired_d(differences: np.ndarray) -> float:
    """Cohen's d of paired samples (d_z): mean difference over its standard deviation between users; 0 for no
    difference at all, infinite for the same difference of every user.
    """
    differences = np.asarray(differences, dtype=float)
    mean, spread = differences.mean(), differences.std(ddof=1)
    if mean == 0:
        return 0.0
    return float(mean / spread) if spread > 0 else float(np.copysign(np.inf, mean))


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Difference of the means over the mean of `theirs`; not a number where that is 0."""
    theirs = float(np.mean(theirs))
    return float(np.mean(ours)) / theirs - 1 if theirs else float("nan")


def common_language(differences: np.ndarray) -> float:
    """Chance that a user drawn at random fares better, half of those without a difference included: 0.5 is none.

    Twice this minus one is Cliff's delta in its paired form, the share of users that gain minus that which loses.
    """
    differences = np.asarray(differences, dtype=float)
    return float(0.5 * (1 + np.sign(differences).mean()))
