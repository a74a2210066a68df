"""Two results of the same users and seeds, side by side: what every paired test and interval is made of."""

from collections.abc import Sequence

import numpy as np

from paper_tables.differences import Compared, same_users
from paper_tables.results import Result
from paper_tables.statistics import Difference

Block = tuple[np.ndarray, np.ndarray]


def blocks(result: Compared, other: Compared, metric: str, cutoff: int) -> list[Block] | str:
    """Of each draw of the data (of a result without draws: once) the metric of either, in percent, of the same seeds
    and users, shape (seeds, users); or why there is none."""
    found = [_block(own, its, metric, cutoff) for own, its in result.pairs_with(other)]
    missing = next((block for block in found if isinstance(block, str)), "" if found else "no draw in common")
    return missing or found


def difference(result: Compared, apart: Sequence[np.ndarray]) -> Difference:
    """Of the differences of every draw, shape (seeds, users) each. Where several draws are planned and one is done, the
    draw is a level with one unit: its training seeds do not stand in for it."""
    alone = len(apart) == 1 and len(getattr(result, "results", ())) > 1
    return Difference.of(apart[0].mean(axis=0)) if alone else Difference.of_draws(apart)


def user_error(result: Compared, other: Compared, metric: str, cutoff: int) -> float:
    """Standard error over the users of the mean difference, in percentage points: 0 where it is held in the spread of
    several planned draws, not a number where there are no ranks."""
    if len(getattr(result, "results", ())) > 1:
        return 0.0
    found = blocks(result, other, metric, cutoff)
    if isinstance(found, str):
        return float("nan")
    return difference(result, [own - its for own, its in found]).user_error


def _block(result: Result, other: Result, metric: str, cutoff: int) -> Block | str:
    ours, theirs = result.per_seed(metric, cutoff), other.per_seed(metric, cutoff)
    if ours is None or theirs is None:
        return "ranks missing"
    same_users(result, ours.index, other, theirs.index)
    seeds = [seed for seed in ours.columns if seed in theirs.columns]
    if not seeds or len(ours) < 2:
        return "no seed in common" if not seeds else "a single user"
    return 100 * ours[seeds].to_numpy().T, 100 * theirs[seeds].to_numpy().T
