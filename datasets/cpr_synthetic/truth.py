"""The structural model behind CPR's synthetic lists, and what it says would have happened otherwise.

With kappa1(x) = x - 0.5 for x > 0, kappa2(x) = x for x > 0, kappa3(x) = x + 0.5 for x < 0, each 0 elsewhere, the paper
(sec. 4.1.1) defines for user i and item j

    x1 = a . kappa1(kappa2([p_i, q_j])) + b        x2 = a . kappa3(kappa2([-p_i, -q_j])) + b        a = ones, b = 0
    recommended with probability softmax_j(1 - sigma(x1))
    chosen where sigma(x) + N > 0.5, x = x1 (linear) or x1 + x1 x2 (non-linear)

As printed x2 is b whatever p and q are, because kappa2 leaves nothing below 0 for kappa3, so that the non-linear
answers are the linear ones, and nearly all answers are yes, because x1 is far above 0. See READINGS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Reading:
    """What the formulas are taken to say. first, second: the terms of x1 and of x2, as in FIRST and SECOND; centred: b
    takes off the mean of each sum."""

    first: str
    second: str
    centred: bool
    reason: str


def _kappa1(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x - 0.5, 0.0)


def _kappa2(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.0)


def _kappa3(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, x + 0.5, 0.0)


OPEN_MEAN = 1 / np.sqrt(2 * np.pi) - 0.25  # E kappa1(kappa2(z)) for z from N(0, 1)
CLOSED_MEAN = 1 / np.sqrt(2 * np.pi) - 0.5

# name -> (term of one coordinate z of p or q, its mean for z from N(0, 1))
Terms = Mapping[str, tuple[Callable[[np.ndarray], np.ndarray], float]]
FIRST: Terms = {
    "open": (lambda z: _kappa1(_kappa2(z)), OPEN_MEAN),
    "closed": (lambda z: _kappa2(z) - 0.5, CLOSED_MEAN),
}
SECOND: Terms = {
    "printed": (lambda z: _kappa3(_kappa2(-z)), 0.0),
    "negated": (lambda z: _kappa3(-z), -OPEN_MEAN),
    "mirrored": (lambda z: _kappa3(-_kappa2(-z)), -OPEN_MEAN),
    "closed-negated": (lambda z: 0.5 - _kappa2(z), -CLOSED_MEAN),
    "closed-mirrored": (lambda z: 0.5 - _kappa2(-z), -CLOSED_MEAN),
}

READINGS = {
    "printed": Reading(
        "open", "printed", False, "the formulas to the letter; the non-linear answers are the linear ones"
    ),
    "negated": Reading(
        "open",
        "negated",
        False,
        "kappa3 wants values below 0, which kappa2 inside it takes away: without it x2 = -x1 exactly, and a user takes "
        "what is a little above 0, not far above",
    ),
    "mirrored": Reading(
        "open",
        "mirrored",
        False,
        "kappa2 keeps the negative halves of p and q if the sign is put back after it, kappa3(-kappa2(-z)); x2 then "
        "says what x1 leaves out, and is not a function of it",
    ),
    "closed-negated": Reading(
        "closed",
        "closed-negated",
        False,
        "kappa1 and kappa3 shift 0 as well (x >= 0 for x > 0, x <= 0 for x < 0), so that a half that kappa2 cuts off "
        "counts -0.5 and x1 lies below 0 more often than not; x2 as in negated",
    ),
    "closed-mirrored": Reading("closed", "closed-mirrored", False, "as closed-negated, x2 as in mirrored"),
    "centred-negated": Reading(
        "open",
        "negated",
        True,
        "a threshold of 0.5 on sigma(x) splits the answers only if x lies about 0: b takes off the means of x1 and x2",
    ),
    "centred-mirrored": Reading("open", "mirrored", True, "as mirrored, b as in centred-negated"),
}


@dataclass(frozen=True)
class Truth:
    """preference (users, dim), quality (items, dim): p and q; exposure (users, items): the probability that a first
    item of a list is this one; value (users, items): sigma(x) + N - 0.5, above 0 where the user takes the item."""

    preference: np.ndarray
    quality: np.ndarray
    exposure: np.ndarray
    value: np.ndarray

    @property
    def answers(self) -> np.ndarray:
        """Whether each user takes each item when it is shown: the decision under any intervention on the lists."""
        return self.value > 0


AXES = {
    "preference": ("user", "dimension"),
    "quality": ("item", "dimension"),
    "exposure": ("user", "item"),
    "value": ("user", "item"),
}


def load_truth(file: Path) -> Truth:
    """Read a `truth.npz`: users and items have the numbers of the prepared data beside it."""
    with np.load(file, allow_pickle=False) as arrays:
        return Truth(**{part.name: arrays[part.name] for part in fields(Truth)})


def sums(preference: np.ndarray, quality: np.ndarray, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """x1 and x2 of every pair, (users, items) each. With a = ones each is a number of the user plus one of the item."""
    terms = 2 * preference.shape[1]
    result = []
    for kappa, mean in (FIRST[reading.first], SECOND[reading.second]):
        shift = -terms * mean if reading.centred else 0.0
        result.append(kappa(preference).sum(axis=1)[:, None] + kappa(quality).sum(axis=1) + shift)
    return result[0], result[1]


def true_choices(truth: Truth, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """What is taken of lists, seen or not. users (n,); items (n, length); result (n, length) bool.

    Abduction is a look-up: the noise N of a pair is part of `value`, and shows in every list that holds the pair.
    """
    return truth.answers[np.asarray(users)[:, None], np.asarray(items)]


def true_value(truth: Truth, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """How many items of each list its user would take. Shape (n,)."""
    return true_choices(truth, users, items).sum(axis=1)
