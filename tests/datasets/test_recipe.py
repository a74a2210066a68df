import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.recipe import apply_recipe, deduplicate, k_core, min_item_rows, min_user_rows

pairs = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=60)


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user", "item"]).astype({"user": int, "item": int}).assign(row=range(len(rows)))


def literal_core(rows, users, items):
    """Remove one offending row set after another until none is left: slow and plain."""
    rows = list(rows)
    while True:
        kept = [
            (user, item)
            for user, item in rows
            if sum(other == user for other, _ in rows) >= users and sum(other == item for _, other in rows) >= items
        ]
        if kept == rows:
            return rows
        rows = kept


@given(pairs, st.integers(1, 4), st.integers(1, 4))
def test_k_core_is_the_literal_one(rows, users, items):
    found = k_core(frame(rows), {"users": users, "items": items})
    assert list(zip(found["user"], found["item"], strict=True)) == literal_core(rows, users, items)


@given(pairs, st.sampled_from(["first", "last"]))
def test_deduplicate_keeps_one_row_of_a_pair(rows, keep):
    found = deduplicate(frame(rows), keep)
    places = {}
    for place, pair in enumerate(rows):
        places[pair] = place if keep == "last" else places.get(pair, place)
    assert found["row"].tolist() == sorted(places.values())


@given(pairs, st.integers(1, 5))
def test_minima_count_rows_of_users_or_of_items_only(rows, least):
    for step, own in ((min_user_rows, [user for user, _ in rows]), (min_item_rows, [item for _, item in rows])):
        found = step(frame(rows), least)
        assert found["row"].tolist() == [place for place, each in enumerate(own) if own.count(each) >= least]


def test_steps_apply_one_after_another():
    rows = pd.DataFrame({"user": [1, 1, 1, None, 2], "item": [1, 2, 1, 1, 1], "rating": [3, 2, 4, 5, 5]})
    found, left = apply_recipe(rows, [{"drop_missing": "user"}, {"min_rating": 3}, {"deduplicate": "last"}])
    assert found.index.tolist() == [2, 4] and left == [4, 3, 2]
    assert np.array_equal(found["rating"], [4, 5])


def test_a_recipe_that_wants_a_missing_column_says_which():
    with pytest.raises(BadInput, match="'rating'"):
        apply_recipe(frame([(1, 1)]), [{"min_rating": 3}])
