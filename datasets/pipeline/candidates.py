"""Items to rank a held-out item among, where a paper's numbers look as if it did not rank the whole catalogue."""

import numpy as np
import pandas as pd

SEED = 2021


def draw_candidates(interactions: pd.DataFrame, users: np.ndarray, items: int, count: int) -> pd.DataFrame:
    """For each of `users` that many items, drawn uniformly and without repetition from those that the user does not
    have in `interactions`; all of these where there are fewer.

    users: ascending; items: the size of the catalogue. Columns `user, item`, rows sorted by both. Drawn with a fixed
    seed: equal arguments, equal items.
    """
    own = interactions[interactions["user"].isin(users)]
    codes = np.unique(np.searchsorted(users, own["user"]) * np.int64(items) + own["item"].to_numpy(np.int64))
    row, item = codes // items, codes % items
    begin = np.searchsorted(row, np.arange(len(users)))
    places = _draw(items - np.bincount(row, minlength=len(users)), count, np.random.default_rng(SEED))
    # the item of place p among those a user does not have: p and the number of own items with at most p others below
    below = item - (np.arange(len(item)) - begin[row])
    rows = np.arange(len(users))[:, None]
    passed = np.searchsorted(row * items + below, rows * items + places, side="right") - begin[:, None]
    drawn = np.sort(np.where(places < 0, -1, places + passed), axis=1)
    there = drawn >= 0
    return pd.DataFrame({"user": np.repeat(users, there.sum(axis=1)), "item": drawn[there]})


def _draw(sizes: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` different numbers of 0..sizes[n] - 1 for each n, every set of them equally likely; all where there are
    fewer, and -1 in the places left over. Shape (n, count).

    Floyd's method (Bentley and Floyd, Communications of the ACM 30(9), 1987), all rows at once.
    """
    drawn = np.full((len(sizes), count), -1)
    for step in range(count):
        last = sizes - count + step
        number = random.integers(0, np.maximum(last, 0) + 1)
        again = (drawn[:, :step] == number[:, None]).any(axis=1)
        drawn[:, step] = np.where(last < 0, -1, np.where(again, last, number))
    return drawn
