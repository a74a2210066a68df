"""Candidates: none that the user has, none twice, as many as there can be, each set equally likely."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.candidates import draw_candidates

NO_CLOCK = settings(deadline=None, max_examples=60)
ITEMS = 12


@given(
    held=st.lists(st.sets(st.integers(0, ITEMS - 1)), min_size=1, max_size=6),
    count=st.integers(1, ITEMS + 2),
    asked=st.sets(st.integers(0, 5)),
)
@NO_CLOCK
def test_candidates_are_others_items_and_as_many_as_there_are(held, count, asked):
    pairs = [(user, item) for user, items in enumerate(held) for item in items for _ in range(2)]
    rows = pd.DataFrame(pairs, columns=["user", "item"], dtype=np.int64)
    users = np.array(sorted(user for user in asked if user < len(held)), dtype=np.int64)
    found = draw_candidates(rows, users, ITEMS, count)
    assert found.equals(draw_candidates(rows, users, ITEMS, count))
    drawn = found.groupby("user")["item"].agg(list).to_dict()
    for user in range(len(held)):
        own = drawn.get(user, [])
        assert own == sorted(set(own)) and not held[user] & set(own)
        assert len(own) == (min(count, ITEMS - len(held[user])) if user in users else 0)
        assert all(0 <= item < ITEMS for item in own)


def test_every_set_is_equally_likely():
    users = np.arange(30_000)
    rows = pd.DataFrame({"user": users.repeat(2), "item": np.tile([1, 4], len(users))})
    drawn = draw_candidates(rows, users, 7, 3)["item"].to_numpy().reshape(-1, 3)  # 3 of 0, 2, 3, 5, 6
    sets, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(sets) == 10 and np.abs(counts / 3_000 - 1).max() < 0.07  # 4 standard deviations
