"""Exposures: sound when they are prepared, and no held-out decision leaves a trace in what may be learnt from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.card import Order
from datasets.pipeline.decisions import hold_out
from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import check, numbered, positives

NO_CLOCK = settings(deadline=None, max_examples=15)
HELD_OUT = {"validation": 3, "test": 3}
AS_GIVEN = Order("as given")


def exposures(rows) -> pd.DataFrame:
    """rows: (user, item, accepted, regime) with the regime as o or i; lines of a file as its index."""
    table = pd.DataFrame(rows, columns=["user", "item", "accepted", "regime"])
    table["regime"] = table["regime"].map({"o": "observational", "i": "interventional"}).fillna(table["regime"])
    return table.set_axis(pd.Index(range(1, len(table) + 1), name="decisions.txt"))


def prepared(rows) -> pd.DataFrame:
    table = check(exposures(rows), has_time=False)
    return numbered(table, np.unique(table["user"]), np.unique(table["item"]), has_time=False)


def sequence(user, items, regime, accepted=True):
    return [(user, item, accepted, regime) for item in items]


def test_regimes_are_sequences_of_their_own():
    table = prepared([*sequence(7, [30, 10], "i"), *sequence(5, [10], "o"), *sequence(7, [20, 10, 30], "o", False)])
    assert table["user"].tolist() == [0, 1, 1, 1, 1, 1]
    assert table["regime"].str[0].tolist() == ["o", "o", "o", "o", "i", "i"]
    assert table["item"].tolist() == [0, 1, 0, 2, 2, 0]
    assert table["order"].tolist() == [0, 0, 1, 2, 0, 1]


def test_positives_are_what_was_taken_without_a_system():
    rows = [(1, 4, True, "o"), (1, 5, False, "o"), (1, 6, True, "i")]
    assert positives(exposures(rows))["item"].tolist() == [4]


def test_the_last_decisions_are_held_out_and_the_others_trained_on():
    rows = [*sequence(1, range(10, 20), "i"), *sequence(1, [1, 2, 3, 4], "o"), *sequence(2, range(6), "i")]
    found = hold_out("x.decisions", prepared(rows), AS_GIVEN, HELD_OUT)
    assert found.decisions.groupby("part")["step"].agg(list).to_dict() == {"test": [7, 8, 9], "validation": [4, 5, 6]}
    learnt = found.exposures
    assert learnt[learnt["regime"] == "interventional"]["step"].tolist() == [0, 1, 2, 3]
    # the third and the fourth item are held out, so that what comes from the third on is not learnt from
    assert learnt[learnt["regime"] == "observational"]["step"].tolist() == [0, 1]
    assert found.short == 1  # six decisions are all held out


def test_a_shuffled_order_is_one_for_taken_items_and_exposures():
    rows = [*sequence(1, range(10), "o"), *sequence(1, range(10), "i")]
    found = hold_out("x.decisions.shuffled", prepared(rows), Order("shuffled", seed=3), HELD_OUT)
    own = found.exposures[found.exposures["regime"] == "observational"]
    trained = found.positives.iloc[found.parts.train]
    assert own["item"].tolist() == trained["item"].tolist() and own["item"].tolist() != list(range(8))


decided = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=14)


@given(
    content=st.lists(st.tuples(decided, decided), min_size=1, max_size=4),
    changed=st.lists(st.booleans(), min_size=60, max_size=60),
)
@NO_CLOCK
def test_no_held_out_decision_reaches_what_may_be_learnt_from(content, changed):
    rows = [
        (user, item, accepted, regime)
        for user, pair in enumerate([([(0, True)] * 3, [(item, True) for item in range(10)]), *content])
        for regime, shown in zip("oi", pair, strict=True)
        for item, accepted in shown
    ]
    table = prepared(rows)
    found = hold_out("x.decisions", table, AS_GIVEN, HELD_OUT)
    held = found.decisions.merge(table.reset_index(), left_on=["user", "step"], right_on=["user", "order"])
    held = held[held["regime"] == "interventional"]["index"].to_numpy()
    other = table.copy()
    other.loc[held, "accepted"] = np.resize(changed, len(held))
    again = hold_out("x.decisions", other, AS_GIVEN, HELD_OUT)
    pd.testing.assert_frame_equal(again.exposures, found.exposures)
    pd.testing.assert_frame_equal(again.positives, found.positives)
    pairs = found.exposures[found.exposures["regime"] == "interventional"][["user", "step"]]
    assert not len(pairs.merge(found.decisions[["user", "step"]]))


def test_sequences_that_leave_nothing_to_learn_from_are_refused():
    with pytest.raises(BadInput, match="no sequence of recommendations has more than 6 decisions"):
        hold_out("x.decisions", prepared(sequence(1, range(6), "i")), AS_GIVEN, HELD_OUT)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("regime", "random", "line 2: regime is 'random'; it must be one of observational, interventional"),
        ("probability", 1.5, "line 2: probability is 1.5; it must be a number from 0 to 1"),
        ("probability", np.nan, "line 2: probability is nan"),
        ("item", None, "line 2: no item"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_line(column, value, words):
    table = exposures(sequence(1, [1, 2, 3], "i")).assign(probability=0.5)
    table[column] = table[column].astype(object)
    table.loc[2, column] = value
    with pytest.raises(BadInput, match=words):
        check(table, has_time=False)


def test_a_decision_that_is_no_truth_value_is_refused():
    with pytest.raises(BadInput, match="'accepted' is int64"):
        check(exposures(sequence(1, [1], "i")).assign(accepted=2), has_time=False)
