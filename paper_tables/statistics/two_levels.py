"""A mean difference with two sources of chance: the users of the test, and the seeds of the training.

Every seed ranks the same users, so that users and seeds are crossed: d[s, u] = mean + seed[s] + user[u] + rest[s, u].
Each level has a standard error of its own: that of the seeds' means, and that of the users' means. Their squares add up
to at least the variance of the grand mean. The interval is Banerjee's (Sankhya 22, 1960), mean ± sqrt(ta² a + tb² b),
with the t quantile of each level's own degrees of freedom: it covers at least as often as it says, whichever level the
chance comes from. The price is paid by runs of two seeds, whose t quantile is 12.7: they show large differences only.
A level that has one unit has no error that could be known, and so there is no number: neither interval nor p-value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

LEVEL, POWER = 0.05, 0.8


@dataclass(frozen=True)
class Difference:
    """mean; seed_error and user_error: standard errors of the mean over either level. That of one seed is not a number,
    and so is all that follows from it.
    """

    mean: float
    seed_error: float
    user_error: float
    seeds: int
    users: int

    @classmethod
    def of(cls, differences: np.ndarray) -> "Difference":
        """From the paired differences of every seed and user. Shape (seeds, users); at least two users."""
        differences = np.atleast_2d(np.asarray(differences, dtype=float))
        seeds, users = differences.shape
        if users < 2:
            raise ValueError(f"{users} users have no spread: at least two are needed")
        if not np.isfinite(differences).all():
            raise ValueError("a difference is not a finite number")
        seed_error = differences.mean(axis=1).std(ddof=1) / sqrt(seeds) if seeds > 1 else nan
        user_error = differences.mean(axis=0).std(ddof=1) / sqrt(users)
        return cls(float(differences.mean()), float(seed_error), float(user_error), seeds, users)

    @classmethod
    def of_draws(cls, blocks: Sequence[np.ndarray]) -> "Difference":
        """From the paired differences on several draws of a data set, one array (seeds, users) each.

        Every draw has users and trainings of its own, so that their chance is held in the spread of the draws' means:
        the draw is the one level, counted in `seeds`, and the error of the users is left at 0. A single draw: `of`.
        """
        if len(blocks) == 1:
            return cls.of(blocks[0])
        draws = [cls.of(block) for block in blocks]
        means = np.array([draw.mean for draw in draws])
        error = float(means.std(ddof=1) / sqrt(len(means)))
        return cls(float(means.mean()), error, 0.0, len(means), sum(draw.users for draw in draws))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Of coverage 1 - level."""
        half = self._half(level)
        return self.mean - half, self.mean + half

    def p_value(self, null: float = 0.0, alternative: str = "two-sided") -> float:
        """The level at which the interval just leaves out `null`; for `greater` and `less` of a one-sided test."""
        apart = self.mean - null
        tails = self._tails(abs(apart))
        if alternative == "two-sided":
            return tails
        if alternative not in ("greater", "less"):
            raise ValueError(f"unknown alternative '{alternative}': one of two-sided, greater, less")
        on_its_side = apart > 0 if alternative == "greater" else apart < 0
        return tails / 2 if on_its_side else 1 - tails / 2

    def p_equivalence(self, margin: float) -> float:
        """Two one-sided tests: small where the true difference lies between -margin and margin."""
        if margin <= 0:
            raise ValueError(f"margin is {margin}; sameness needs a margin above 0")
        return max(self.p_value(-margin, "greater"), self.p_value(margin, "less"))

    def detectable(self, level: float = LEVEL, power: float = POWER) -> float:
        """The smallest true difference that a two-sided test of this level would find in `power` of such runs, by the
        usual sum of two t quantiles, each level with its own. From measured errors, hence itself an estimate.
        """
        return sqrt(
            sum(
                ((stdtrit(freedom, power) - stdtrit(freedom, level / 2)) * error) ** 2
                for error, freedom in self._levels()
            )
        )

    def _half(self, level: float) -> float:
        return sqrt(sum((stdtrit(freedom, level / 2) * error) ** 2 for error, freedom in self._levels()))

    def _tails(self, distance: float) -> float:
        smallest = 1e-12
        if isnan(self._half(LEVEL)):
            return nan
        if distance == 0:
            return 1.0
        if self._half(smallest) <= distance:
            return smallest
        return float(brentq(lambda level: self._half(level) - distance, smallest, 1.0, xtol=1e-15, rtol=1e-9))

    def _levels(self) -> list[tuple[float, int]]:
        """(standard error, degrees of freedom) of the users and of the seeds."""
        return [(self.user_error, self.users - 1), (self.seed_error, self.seeds - 1)]


def seeds_needed(found: Difference, difference: float, level: float = LEVEL, power: float = POWER) -> float:
    """Seeds with which a true `difference` would be found on as many users; infinite where the users do not suffice,
    not a number where one seed leaves the seeds' spread unknown.

    The users' error is left as it is, though a part of it falls with more seeds, too: the number errs upwards.
    """
    if found.seeds < 2:
        return nan
    spread = found.seed_error * sqrt(found.seeds)
    return _fewest(
        lambda seeds: Difference(0.0, spread / sqrt(seeds), found.user_error, seeds, found.users),
        abs(difference),
        level,
        power,
    )


def users_needed(found: Difference, difference: float, level: float = LEVEL, power: float = POWER) -> float:
    """Users with whom a true `difference` would be found with as many seeds; infinite where no number suffices, not a
    number where one seed leaves the seeds' spread unknown."""
    if found.seeds < 2:
        return nan
    spread = found.user_error * sqrt(found.users)
    return _fewest(
        lambda users: Difference(0.0, found.seed_error, spread / sqrt(users), found.seeds, users),
        abs(difference),
        level,
        power,
    )


def _fewest(run: Callable[[int], Difference], difference: float, level: float, power: float) -> float:
    """The smallest size from 2 on whose detectable difference is at most `difference`: doubling, then bisection."""

    def enough(size: int) -> bool:
        return run(size).detectable(level, power) <= difference

    low, high, largest = 1, 2, 10**9
    while not enough(high):
        if high >= largest:
            return inf
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)
