"""The meta set: casual users' last training items, which nothing trains on, and which are known afterwards."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.meta import hold_out_meta
from datasets.pipeline.prepare import prepare
from datasets.pipeline.protocols import leave_one_out
from datasets.pipeline.split import make_split
from methods.engine.data.split import load_known, load_split


def made(users, rows_each):
    rows = pd.DataFrame({"user": np.repeat(np.arange(users), rows_each), "item": np.arange(users * rows_each)})
    groups = pd.DataFrame({"user": np.arange(users), "group": ["core" if u % 2 else "casual" for u in range(users)]})
    return rows, leave_one_out(rows), groups


def test_it_holds_the_last_training_rows_of_casual_users_alone():
    rows, parts, groups = made(100, 6)
    left, meta = hold_out_meta("made", "card", rows, parts, groups, 0.5)
    assert len(meta) == 25 and set(rows["user"].iloc[meta] % 2) == {0}
    assert (meta % 6 == 3).all()  # the fourth of six rows: the last that is trained on
    assert set(left.train) == set(parts.train) - set(meta) and set(left.histories) == set(meta)
    assert set(left.known) == set(parts.train)


def test_a_smaller_set_is_a_part_of_a_larger_one():
    rows, parts, groups = made(400, 6)
    small, large = (hold_out_meta("made", "card", rows, parts, groups, share)[1] for share in (0.2, 0.5))
    assert (large[: len(small)] == small).all()


@pytest.mark.parametrize("rows_each", [6, 4])
def test_too_few_users_are_refused(rows_each):
    rows, parts, groups = made(60, rows_each)
    with pytest.raises(BadInput, match=r"meta share of 0.5 of card, meta.loo leaves \d+ of \d+ casual users"):
        hold_out_meta("made", "card, meta.loo", rows, parts, groups, 0.5)


def test_a_split_has_it_and_ranks_from_whole_histories(tmp_path):
    prepare(card("l2aug-world"), tmp_path)
    make_split("l2aug-world.others", tmp_path)
    folder = tmp_path / "splits" / "l2aug-world.others"
    split = load_split(folder)
    known = load_known(folder, split)
    assert len(split.meta.users) == 192
    for user, item in zip(split.meta.users.tolist(), split.meta.items.tolist(), strict=True):
        begin, end = known.offsets[user : user + 2]
        assert known.items[begin:end].tolist() == [*split.items[split.offsets[user] : split.offsets[user + 1]], item]
