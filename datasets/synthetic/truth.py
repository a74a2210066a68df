"""The structural causal model behind the synthetic data, and what it says would have happened otherwise.

At step t a user u with history h_1 … h_t takes the item j that maximises

    U_j = (preference_u + sum_k recency_k follow_(h_(t+1-k))) · quality_j + popularity_j + noise_utj

over the items that are not in the history. The sum runs over the last `len(recency)` items. The noise is Gumbel, drawn
for every user, step and item, so that the next item follows a softmax. Noise and parameters are kept: the item that a
user *would have* taken after another history is then known exactly (abduction is a look-up of the noise, action the
changed history, prediction the argmax above).
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

ROWS_AT_ONCE = 4096  # bounds the memory of the (rows, items) table of utilities


@dataclass(frozen=True)
class Truth:
    """Structural parameters and exogenous noise.

    preference (users, dim); quality, follow (items, dim); popularity (items,); recency (steps that count,);
    noise (users, longest history + 1, items).
    """

    preference: np.ndarray
    quality: np.ndarray
    follow: np.ndarray
    popularity: np.ndarray
    recency: np.ndarray
    noise: np.ndarray


AXES = {
    "preference": ("user", "dimension"),
    "quality": ("item", "dimension"),
    "follow": ("item", "dimension"),
    "popularity": ("item",),
    "recency": ("back",),
    "noise": ("user", "step", "item"),
}


def load_truth(file: Path) -> Truth:
    """Read `data/synthetic/truth.npz`: users and items have the numbers of the prepared data beside it."""
    with np.load(file, allow_pickle=False) as arrays:
        return Truth(**{part.name: arrays[part.name] for part in fields(Truth)})


def true_next(truth: Truth, users: np.ndarray, histories: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The item that each user takes after each history, factual or not, under the noise of that user and step.

    users (rows,); histories (rows, length) whole histories from their first item, filled up on the right with
    anything; lengths (rows,) how many items count, which is also the step whose noise applies. Result (rows,) int64.
    """
    users, histories, lengths = np.asarray(users), np.asarray(histories), np.asarray(lengths)
    if len(lengths) and lengths.max() >= truth.noise.shape[1]:
        raise ValueError(f"a history of {lengths.max()} items: noise is known for up to {truth.noise.shape[1] - 1}")
    result = np.empty(len(users), dtype=np.int64)
    for begin in range(0, len(users), ROWS_AT_ONCE):
        part = slice(begin, begin + ROWS_AT_ONCE)
        noise = truth.noise[users[part], lengths[part]]
        result[part] = (utilities(truth, users[part], histories[part], lengths[part]) + noise).argmax(axis=1)
    return result


def utilities(truth: Truth, users: np.ndarray, histories: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Utilities without the noise, -inf for items of the history: the best that any model can know. (rows, items)."""
    rows = np.arange(len(users))
    state = truth.preference[users].copy()
    for back, weight in enumerate(truth.recency, start=1):
        position = lengths - back
        counts = position >= 0
        item = histories[rows, np.maximum(position, 0)]
        state += np.where(counts, weight, 0.0)[:, None] * truth.follow[np.where(counts, item, 0)]
    result = state @ truth.quality.T + truth.popularity
    row, column = np.nonzero(np.arange(histories.shape[1]) < lengths[:, None])
    result[row, histories[row, column]] = -np.inf
    return result
