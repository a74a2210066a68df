import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.list_audit import inspect_lists
from datasets.pipeline.lists import Lists, blocks, lists_from, numbered, without

NO_CLOCK = settings(deadline=None, max_examples=40)
shown = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=7)
many = st.lists(st.tuples(st.integers(0, 3), shown), min_size=1, max_size=8)


def make(content) -> Lists:
    """content: (user, [(item, chosen), ..]) of each list."""
    flat = [pair for _, pairs in content for pair in pairs]
    return Lists(
        np.array([user for user, _ in content], dtype=np.int64),
        np.concatenate([[0], np.cumsum([len(pairs) for _, pairs in content])]).astype(np.int64),
        np.array([item for item, _ in flat], dtype=np.int64),
        np.array([chosen for _, chosen in flat], dtype=bool),
        np.arange(len(content)) * 10,
    )


@given(content=many, length=st.integers(1, 4))
@NO_CLOCK
def test_blocks_hold_every_shown_item_once_and_in_order(content, length):
    lists = make(content)
    cut = blocks(lists, length)
    found = [
        (int(cut.users[row]), int(cut.items[row, place]), bool(cut.chosen[row, place]))
        for row, place in zip(*np.nonzero(cut.shown), strict=True)
    ]
    assert found == [(user, item, chosen) for user, pairs in content for item, chosen in pairs]
    assert len(cut) == sum(-(-len(pairs) // length) for _, pairs in content)
    assert not cut.chosen[~cut.shown].any() and not cut.items[~cut.shown].any()
    assert (np.diff(cut.shown.astype(int), axis=1) <= 0).all() and cut.shown.any(axis=1).all()


@given(content=many, held=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), max_size=4))
@NO_CLOCK
def test_held_out_pairs_leave_no_trace(content, held):
    lists = make(content)
    left = without(lists, np.array([u for u, _ in held], np.int64), np.array([i for _, i in held], np.int64))
    expected = [(user, [pair for pair in pairs if (user, pair[0]) not in held]) for user, pairs in content]
    times = [10 * number for number, (_, pairs) in enumerate(expected) if pairs]
    expected = [each for each in expected if each[1]]
    again = make(expected)
    for name in ("users", "offsets", "items", "chosen"):
        assert np.array_equal(getattr(left, name), getattr(again, name)), name
    assert left.times.tolist() == times


@given(content=st.lists(st.tuples(st.integers(0, 3), shown.filter(len)), min_size=1, max_size=8))
@NO_CLOCK
def test_a_table_gives_the_lists_back(content):
    lists = make(content)
    again = lists_from(lists.table())
    for name in ("users", "offsets", "items", "chosen", "times"):
        assert np.array_equal(getattr(lists, name), getattr(again, name)), name
    assert len(lists.choices()) == lists.chosen.sum() and "chosen" not in lists.choices()


def test_a_table_out_of_order_is_refused():
    table = make([(0, [(1, True)]), (1, [(2, False)])]).table()
    with pytest.raises(BadInput, match="lists must be numbered"):
        lists_from(table.iloc[::-1])


def test_identifiers_become_places_and_strangers_are_named():
    lists = Lists(np.array(["b", "a"], object), np.array([0, 1, 2]), np.array([7, 5]), np.array([True, False]))
    dense = numbered(lists, ["a", "b"], [5, 6, 7])
    assert dense.users.tolist() == [1, 0] and dense.items.tolist() == [2, 0]
    with pytest.raises(BadInput, match="item '5' stands in a list but not among the 2 items"):
        numbered(lists, ["a", "b"], [6, 7])


@pytest.mark.parametrize("offsets", [[0, 2, 1], [1, 2, 2], [0, 1]])
def test_impossible_offsets_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets"):
        Lists(np.zeros(2, int), np.array(offsets), np.zeros(2, int), np.zeros(2, bool))


def findings(content):
    return {each.check: each for each in inspect_lists(make(content))}


def test_facts_by_hand():
    found = findings(
        [(0, [(1, True), (2, False), (2, False)]), (0, [(1, False)]), (1, [(1, True), (2, True)]), (1, [(3, False)])]
    )
    values = {check: each.value for check, each in found.items()}
    assert values == {
        "list length": 1.75,
        "single-item lists": 0.5,
        "share of chosen": pytest.approx(3 / 7, abs=1e-6),
        "constant answer": pytest.approx(4 / 7, abs=1e-6),
        "lists without a choice": 0.5,
        "lists chosen whole": 0.25,
        "users with one answer": 0.0,
        "items with one answer": 0.0,
        "repeats within a list": pytest.approx(1 / 7, abs=1e-6),
        "pairs shown again": 0.4,
        "answers that differ": 0.5,
    }


def test_constant_answers_are_warned_of():
    found = findings([(user, [(item, True) for item in range(5)]) for user in range(4)])
    for check in ("constant answer", "lists chosen whole", "users with one answer", "items with one answer"):
        assert (found[check].level, found[check].value) == ("warning", 1.0), check


def test_lists_without_items_are_an_error():
    assert [each.level for each in inspect_lists(make([(0, [])]))] == ["error"]


def test_choices_are_interactions_with_time():
    lists = make([(2, [(1, True), (3, False)]), (0, [(3, True)])])
    expected = pd.DataFrame({"list": [0, 1], "user": [2, 0], "item": [1, 3], "time": [0, 10]})
    pd.testing.assert_frame_equal(lists.choices(), expected)
