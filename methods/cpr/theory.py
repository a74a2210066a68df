"""CPR's Theorem 1, and the noise that the simulator is found to have.

Theorem 2 stands in methods/engine/fit/sample_complexity.py.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import binom
from torch import Tensor

from methods.cpr.counterfactual import Sets

Value = Callable[[np.ndarray, np.ndarray], np.ndarray]  # users (n,), items (n, m) -> how much each is wanted (n, m)


def votes_printed(noise: float, failure: float) -> float:
    """Theorem 1 as printed: log(1 / delta) / (2 (1 - 2 eta)^2) votes of a pair. Infinite for eta = 1/2.

    That is a quarter of what Hoeffding's inequality asks for, and too few (votes_needed): with eta = 0.4 and delta =
    0.05 the majority of the printed 38 votes errs more than twice as often as 0.05.
    """
    _check(noise, failure)
    return math.inf if noise == 0.5 else math.log(1 / failure) / (2 * (1 - 2 * noise) ** 2)


def votes_by_hoeffding(noise: float, failure: float) -> float:
    """2 log(1 / delta) / (1 - 2 eta)^2: votes after which the majority is wrong with probability below delta."""
    return 4 * votes_printed(noise, failure)


def votes_needed(noise: float, failure: float) -> float:
    """The smallest odd number of votes of which the majority is wrong with probability at most delta, exactly.

    noise: eta, the probability that one vote is wrong; above 1/2 all votes are read the other way round.
    """
    _check(noise, failure)
    eta = min(noise, 1 - noise)
    if eta == 0.5:
        return math.inf
    low, high = -1, math.ceil(votes_by_hoeffding(eta, failure)) // 2 + 1  # halves: 2 m + 1 votes
    while high - low > 1:
        middle = (low + high) // 2
        if binom.sf(middle, 2 * middle + 1, eta) <= failure:  # middle + 1 or more wrong ones
            high = middle
        else:
            low = middle
    return 2 * high + 1


def pair_noise(sets: Sets, value: Value) -> dict[str, float | None]:
    """zeta: how often a pair (i, j) of s^(k+) x s^(k-) is in the wrong order by the truth.

    zeta: share of pairs where j is wanted more (a tie counts as half); decided: share where the truth takes one of the
    two and leaves the other; zeta_decided: zeta among those. value: above 0 where the truth takes the item. None where
    there is no such pair.
    """
    users, mask = _numpy(sets.users), _numpy(sets.pairs)
    high, low = value(users, _numpy(sets.positives)), value(users, _numpy(sets.others))
    better = np.broadcast_to(high[:, :, None], mask.shape)[mask]
    worse = np.broadcast_to(low[:, None, :], mask.shape)[mask]
    wrong = (better < worse) + 0.5 * (better == worse)
    decided = (better > 0) != (worse > 0)
    return {
        "zeta": float(wrong.mean()) if len(wrong) else None,
        "decided": float(decided.mean()) if len(wrong) else None,
        "zeta_decided": float(wrong[decided].mean()) if decided.any() else None,
    }


def _check(noise: float, failure: float) -> None:
    if not 0 <= noise <= 1 or not 0 < failure < 1:
        raise ValueError("Theorem 1 needs noise in [0, 1] and failure in (0, 1)")


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
