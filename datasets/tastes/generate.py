"""Draw users, items and lists of a world in which tastes differ; the truth stays beside them."""

from dataclasses import dataclass

import numpy as np

from datasets.cpr_synthetic.generate import draw_lists
from datasets.cpr_synthetic.truth import Truth
from datasets.pipeline.lists import Lists


@dataclass(frozen=True)
class World:
    """Sizes, and above which product of taste and item an item is taken (products have a standard deviation of 1)."""

    seed: int = 1
    users: int = 600
    items: int = 300
    dim: int = 8
    lists: int = 6  # a user
    length: int = 5
    threshold: float = 0.5


def generate(world: World) -> tuple[Lists, Truth]:
    """Lists in the order in which they were shown, and what was true behind them. Equal worlds, equal bits."""
    people, shown = (np.random.default_rng(each) for each in np.random.SeedSequence(world.seed).spawn(2))
    preference = people.normal(size=(world.users, world.dim))
    quality = people.normal(size=(world.items, world.dim))
    value = preference @ quality.T / np.sqrt(world.dim) - world.threshold
    exposure = np.full(value.shape, 1 / world.items)
    items = draw_lists(np.zeros_like(value), world.lists, world.length, shown)
    users = np.repeat(np.arange(world.users), world.lists)
    truth = Truth(preference, quality, exposure, value)
    chosen = truth.answers[users[:, None], items].ravel()
    return Lists(users, np.arange(len(users) + 1) * world.length, items.ravel(), chosen), truth
