"""Let users walk along a chain of items: casual users along it alone, core users with filler items in between.

A user begins at any item of the chain. A step leads to the next item of the chain with probability `advance`, else to
any of the chain. After a step a core user takes a filler item with probability `filler`, then another one with the same
probability, and so on. Items have numbers that say nothing.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from datasets.l2aug_world.truth import AXES, Truth
from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.protocols import ONLY_TESTED

DAY = 86_400
CUT = 1_609_459_200  # 2021-01-01 UTC
HELD_OUT = 2  # rows of a tested user that lie behind the cut


@dataclass(frozen=True)
class World:
    """kinds: of filler items. core, casual, short: users who are learnt from, `short` ones casual with few items;
    tested_*: others. *_items: how many a user has. *_gaps: days between two items."""

    seed: int = 1
    chain: int = 60
    kinds: int = 3
    advance: float = 0.8
    filler: float = 0.5
    core: int = 200
    casual: int = 40
    short: int = 200
    tested_core: int = 100
    tested_casual: int = 800
    core_items: int = 16
    casual_items: int = 5
    short_items: int = 3
    core_gaps: tuple[int, int] = (1, 5)
    casual_gaps: tuple[int, int] = (40, 80)


def generate(world: World) -> Parsed:
    """Rows in the order of time, and the truth. Equal worlds, equal bits."""
    random = np.random.default_rng(world.seed)
    number = random.permutation(world.chain + world.kinds)  # of each item, the chain first
    groups = [
        _users(world, random, world.core, world.core_items, is_core=True),
        _users(world, random, world.casual, world.casual_items),
        _users(world, random, world.short, world.short_items),
        _users(world, random, world.tested_core, world.core_items, is_core=True, tested=True),
        _users(world, random, world.tested_casual, world.casual_items, tested=True),
    ]
    first = np.cumsum([0, *(group["user"].max() + 1 for group in groups)])
    rows = pd.concat([group.assign(user=group["user"] + begin) for group, begin in zip(groups, first, strict=False)])
    rows["item"] = number[rows["item"]]
    if missing := len(number) - rows["item"].nunique():
        raise BadInput(f"l2aug-world: {missing} items are never chosen with seed {world.seed}; take another seed")
    follows = np.full(len(number), -1)
    follows[number[: world.chain]] = np.roll(number[: world.chain], -1)
    truth = Truth(follows < 0, follows)
    in_time = rows.sort_values("time", kind="stable", ignore_index=True)
    return Parsed(in_time, arrays={"truth": asdict(truth)}, axes={"truth": AXES})


def _users(
    world: World, random: np.random.Generator, users: int, items: int, is_core: bool = False, tested: bool = False
) -> pd.DataFrame:
    """Columns user, item, time and the mark of users who are only tested; items of the chain come before filler."""
    walked = _walk(world, random, users, items)
    if is_core:
        walked = _with_filler(world, random, walked)
    times = _times(random, walked.shape, world.core_gaps if is_core else world.casual_gaps, HELD_OUT if tested else 0)
    user = np.repeat(np.arange(users), items)
    return pd.DataFrame({"user": user, "item": walked.ravel(), "time": times.ravel(), ONLY_TESTED: tested})


def _walk(world: World, random: np.random.Generator, users: int, steps: int) -> np.ndarray:
    """Places on the chain. Shape (users, steps)."""
    jumps = random.integers(0, world.chain, (users, steps))
    stays = random.random((users, steps)) < world.advance
    places = jumps.copy()
    for step in range(1, steps):
        places[:, step] = np.where(stays[:, step], (places[:, step - 1] + 1) % world.chain, jumps[:, step])
    return places


def _with_filler(world: World, random: np.random.Generator, walked: np.ndarray) -> np.ndarray:
    """The walk with filler items put in after its steps, cut to its length."""
    users, items = walked.shape
    is_filler = random.random((users, items)) < world.filler  # after a step, or after another filler item
    is_filler[:, 0] = False
    filler = world.chain + random.integers(0, world.kinds, (users, items))
    step = np.cumsum(~is_filler, axis=1) - 1
    return np.where(is_filler, filler, np.take_along_axis(walked, step, axis=1))


def _times(random: np.random.Generator, shape: tuple[int, int], gaps: tuple[int, int], behind: int) -> np.ndarray:
    """Seconds since 1970, rising within a user, of whose rows the last `behind` lie behind the cut."""
    users, items = shape
    waits = random.uniform(*gaps, (users, items + 1))
    since = waits.cumsum(axis=1)
    before, after = since[:, items - behind - 1], waits[:, items - behind]
    cut = before + random.uniform(0.05, 0.95, users) * after  # between the last known row and the next one
    return CUT + ((since[:, :items] - cut[:, None]) * DAY).astype(np.int64)
