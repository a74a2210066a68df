"""Draw a world (parameters and noise), then let its users choose, step by step."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.synthetic.truth import AXES, Truth, true_next

DAY = 86_400
START = 1_577_836_800  # 2020-01-01 UTC


@dataclass(frozen=True)
class World:
    """Sizes, and how strongly each part counts beside noise of scale 1."""

    seed: int = 7
    users: int = 600
    items: int = 200
    categories: int = 10
    shortest: int = 8
    longest: int = 25
    category_share: float = 0.7  # of an item's quality, how much is its category's
    preference: float = 0.8
    succession: float = 8.0
    recency: tuple[float, ...] = (1.0, 0.6, 0.36, 0.22, 0.13, 0.08)
    popularity: float = 0.3


def generate(world: World) -> Parsed:
    """Interactions with times, items with titles and categories, and the truth as arrays. Equal seeds, equal bits."""
    random = np.random.default_rng(world.seed)
    category = np.arange(world.items) % world.categories
    truth = draw_truth(world, category, random)
    lengths = random.integers(world.shortest, world.longest + 1, world.users)
    chosen = choose(truth, world.longest)
    inside = np.arange(world.longest) < lengths[:, None]
    missing = world.items - len(np.unique(chosen[inside]))
    if missing:
        raise BadInput(f"synthetic: {missing} items are never chosen with seed {world.seed}; take another seed")
    interactions = pd.DataFrame(
        {"user": np.nonzero(inside)[0], "item": chosen[inside], "time": draw_times(world, random)[inside]}
    )
    items = pd.DataFrame(
        {
            "item": np.arange(world.items),
            "title": [f"item {item} of category {kind}" for item, kind in enumerate(category)],
            "category": [f"category {kind}" for kind in category],
        }
    )
    in_file_order = interactions.sort_values("time", kind="stable", ignore_index=True)
    return Parsed(in_file_order, items, arrays={"truth": asdict(truth)}, axes={"truth": AXES})


def draw_truth(world: World, category: np.ndarray, random: np.random.Generator) -> Truth:
    """Items scatter around their category's axis; what follows an item lies near the item, one category further on.

    The ring of categories keeps the walk moving: no item is an end, so that popularity alone says little.
    """
    own = _unit(random.normal(size=(world.items, world.categories)))
    axis = np.eye(world.categories)[category]
    quality = _unit(np.sqrt(world.category_share) * axis + np.sqrt(1 - world.category_share) * own)
    return Truth(
        preference=world.preference * random.normal(size=(world.users, world.categories)),
        quality=quality,
        follow=world.succession * np.roll(quality, 1, axis=1),
        popularity=world.popularity * random.normal(size=world.items),
        recency=np.array(world.recency),
        noise=random.gumbel(size=(world.users, world.longest + 1, world.items)).astype(np.float32),
    )


def choose(truth: Truth, steps: int) -> np.ndarray:
    """All users choose `steps` items, one after another. Shape (users, steps)."""
    users = np.arange(len(truth.preference))
    chosen = np.zeros((len(users), steps), dtype=np.int64)
    for step in range(steps):
        chosen[:, step] = true_next(truth, users, chosen, np.full(len(users), step))
    return chosen


def draw_times(world: World, random: np.random.Generator) -> np.ndarray:
    """Seconds since 1970: users begin within two years, and wait two weeks on average between two items."""
    begin = random.uniform(0, 2 * 365 * DAY, size=(world.users, 1))
    waits = random.exponential(14 * DAY, size=(world.users, world.longest))
    return START + (begin + waits.cumsum(axis=1)).astype(np.int64)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
