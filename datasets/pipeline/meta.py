"""The meta set: the last training item of some casual users, which nothing trains on, to see what a training is worth.

A card says of which protocols' splits, and of what share of the casual users with at least three training rows. The
item belongs to what is known when the user's later items are ranked.
"""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.groups import CASUAL
from datasets.pipeline.protocols import Parts, places

FEWEST_USERS, FEWEST_ROWS = 20, 3


def hold_out_meta(
    name: str, place: str, rows: pd.DataFrame, parts: Parts, groups: pd.DataFrame, share: float
) -> tuple[Parts, np.ndarray]:
    """The parts without the meta rows, and the places of those, in an order of chance, so that a smaller set is the
    first part of a larger one. groups: `user, group`; place: where the share stands."""
    users = rows["user"].to_numpy()[parts.train]
    number, count = places(users)
    casual = np.isin(users, groups.loc[groups["group"] == CASUAL, "user"])
    last = parts.train[casual & (count >= FEWEST_ROWS) & (number == count - 1)]
    seed = int.from_bytes(hashlib.sha256(f"meta {name}".encode()).digest()[:8], "big")
    meta = np.random.default_rng(seed).permutation(last)[: round(share * len(last))]
    if len(meta) < FEWEST_USERS:
        raise BadInput(
            f"split '{name}': a meta share of {share} of {place} leaves {len(meta)} of {len(last)} casual users with "
            f"{FEWEST_ROWS} training rows, fewer than {FEWEST_USERS}; set a larger share, or take other data"
        )
    known = meta if parts.histories is None else np.concatenate([parts.histories, meta])
    return replace(parts, train=np.setdiff1d(parts.train, meta), histories=np.sort(known)), meta
