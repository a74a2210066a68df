"""Draw users, items and lists as CPR's section 4.1.1 says; the truth stays beside them."""

from dataclasses import dataclass

import numpy as np

from datasets.cpr_synthetic.truth import READINGS, Truth, sums
from datasets.pipeline.errors import BadInput
from datasets.pipeline.lists import Lists

FEEDBACKS = ("linear", "nonlinear")
SPREADS = ("deviation", "variance")


@dataclass(frozen=True)
class World:
    """One synthetic data set. noise: the 0.2 of N(0, 0.2), or 0; spread: whether it is a deviation or a variance."""

    seed: int = 1
    feedback: str = "nonlinear"
    dim: int = 16
    noise: float = 0.0
    spread: str = "deviation"
    reading: str = "closed-mirrored"
    users: int = 600
    items: int = 300
    lists: int = 25  # a user
    length: int = 5

    def __post_init__(self) -> None:
        for name, value, known in (
            ("feedback", self.feedback, FEEDBACKS),
            ("spread", self.spread, SPREADS),
            ("reading", self.reading, READINGS),
        ):
            if value not in known:
                raise BadInput(f"synthetic lists: {name} is '{value}'; one of {', '.join(known)}")
        if self.noise < 0 or not 1 <= self.length <= self.items:
            raise BadInput("synthetic lists: noise must be 0 or more, and a list must fit into the catalogue")


def generate(world: World) -> tuple[Lists, Truth]:
    """Lists in the order in which they were shown, and what was true behind them. Equal worlds, equal bits.

    Users and items are numbered from 0. Worlds that differ only in feedback, noise or reading share p and q; the
    noise is one number for each pair, so that a user answers an item alike in every list.
    """
    # one stream for each part, so that no part moves another
    people, shown, noise = (np.random.default_rng(each) for each in np.random.SeedSequence(world.seed).spawn(3))
    preference = people.normal(size=(world.users, world.dim))
    quality = people.normal(size=(world.items, world.dim))
    first, second = sums(preference, quality, READINGS[world.reading])
    score = first if world.feedback == "linear" else first + first * second
    deviation = world.noise if world.spread == "deviation" else np.sqrt(world.noise)
    value = _sigmoid(score) - 0.5 + deviation * noise.normal(size=score.shape)
    wish = 1 - _sigmoid(first)
    exposure = np.exp(wish) / np.exp(wish).sum(axis=1, keepdims=True)
    items = draw_lists(wish, world.lists, world.length, shown)
    users = np.repeat(np.arange(world.users), world.lists)
    truth = Truth(preference, quality, exposure, value)
    chosen = truth.answers[users[:, None], items].ravel()
    return Lists(users, np.arange(len(users) + 1) * world.length, items.ravel(), chosen), truth


def draw_lists(wish: np.ndarray, lists: int, length: int, random: np.random.Generator) -> np.ndarray:
    """`lists` lists for each user, items drawn one after another without repetition, each by a softmax of `wish`.

    wish (users, items); result (users * lists, length), in the order drawn. The largest of wish + Gumbel noise are such
    a draw.
    """
    users, items = wish.shape
    noisy = wish[:, None] + random.gumbel(size=(users, lists, items))
    top = np.argpartition(-noisy, length - 1, axis=2)[:, :, :length] if length < items else np.argsort(-noisy, axis=2)
    order = np.argsort(-np.take_along_axis(noisy, top, axis=2), axis=2)
    return np.take_along_axis(top, order, axis=2).reshape(users * lists, length)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))
