"""Bootstrap of crossed data: users and seeds are drawn anew, each level by itself, and the same draw serves every
column, so that differences, ratios and "which is nearest" keep what the columns share (Owen, Annals of Applied
Statistics 1, 2007: the pigeonhole bootstrap, which errs towards too wide).

With few seeds their level is shown too small, by the factor (seeds - 1) / seeds of its variance; where a claim hangs on
an interval of a mean difference, `two_levels` is the guard.
"""

from collections.abc import Iterator

import numpy as np

CHUNK = 2**23  # weights held at once
LOW, HIGH = 2.5, 97.5


def user_weights(users: int, draws: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each user is drawn, in pieces of shape (some draws, users) that together have `draws` rows."""
    piece = max(1, CHUNK // max(1, users))
    for start in range(0, draws, piece):
        rows = min(piece, draws - start)
        drawn = generator.integers(0, users, size=(rows, users)) + users * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users).astype(np.float32)


def seed_weights(seeds: int, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Share of each seed in each draw, rows that add up to one. Shape (draws, seeds)."""
    return generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws) / seeds


def bootstrap_means(values: np.ndarray, groups: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Means over users and seeds in every draw. Shape (draws, groups).

    values: shape (columns, users), one column of values for each seed of each group; NaN where a user is not counted.
    groups: the group of each column, 0, 1, .. in ascending order. Groups of as many seeds share the draw of seeds: the
    first seed of one goes with the first of the other. A draw that has no counted user is not a number.
    """
    values, groups = np.asarray(values, dtype=np.float32), np.asarray(groups)
    if (np.diff(groups) < 0).any():
        raise ValueError("the columns of a group must stand together, groups in ascending order")
    generator = np.random.default_rng(seed)
    counted = ~np.isnan(values)
    everyone = counted.all()
    filled = np.nan_to_num(values)
    means = []
    for weights in user_weights(values.shape[1], draws, generator):
        number = values.shape[1] if everyone else weights @ counted.T.astype(np.float32)
        with np.errstate(invalid="ignore"):
            means.append((weights @ filled.T).astype(float) / number)
    means = np.concatenate(means)
    sizes = np.bincount(groups)
    shares = {size: seed_weights(size, draws, generator) for size in sorted(set(sizes.tolist()))}
    weighted = means * np.concatenate([shares[size] for size in sizes.tolist()], axis=1)
    return np.add.reduceat(weighted, np.cumsum(sizes) - sizes, axis=1)


def percentiles(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the 95 % percentile interval of every column, draws that are no number left out."""
    low, high = np.nanpercentile(draws, [LOW, HIGH], axis=0)
    return low, high
