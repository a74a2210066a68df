import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.evaluation.metrics import gains, per_user, summary

counts = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=20)


def test_by_hand():
    above = np.array([0, 1, 4, 5])  # ranks 1, 2, 5, 6
    found = summary(above, np.zeros(4, dtype=int))
    assert found["hr@5"] == 3 / 4
    assert found["f1@5"] == pytest.approx(3 / 4 * (2 * (1 / 5) * 1) / (1 / 5 + 1))
    assert found["ndcg@5"] == pytest.approx((1 + 1 / math.log2(3) + 1 / math.log2(6)) / 4)
    assert found["mrr@10"] == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 6) / 4)


@pytest.mark.parametrize("policy, rank", [("optimistic", 4), ("mid", 5), ("pessimistic", 6)])
def test_tie_policies_by_hand(policy, rank):
    found = per_user("mrr", 10, np.array([3]), np.array([2]), policy)
    assert found == pytest.approx(1 / rank)


@given(counts, st.sampled_from(["hr", "f1", "ndcg", "mrr"]), st.sampled_from([5, 10]))
def test_expected_ties_are_the_mean_over_all_tied_places(counts, metric, cutoff):
    above, ties = np.array(counts).T
    expected = []
    for a, t in counts:
        places = [gains(metric, cutoff)[place] if place < cutoff else 0.0 for place in range(a, a + t + 1)]
        expected.append(sum(places) / len(places))
    assert per_user(metric, cutoff, above, ties) == pytest.approx(expected)


@given(counts)
def test_ndcg_stays_inside_its_bounds(counts):
    found = summary(*np.array(counts).T)
    assert found["hr@5"] / math.log2(6) - 1e-12 <= found["ndcg@5"] <= found["hr@5"] + 1e-12
    assert found["f1@5"] == pytest.approx(found["hr@5"] / 3)


def test_negative_counts_and_empty_splits_are_refused():
    with pytest.raises(ValueError, match="below 1"):
        per_user("hr", 5, np.array([-1]), np.array([0]))
    with pytest.raises(ValueError, match="no user"):
        summary(np.array([]), np.array([]))


def test_the_mid_rank_of_two_places_is_the_lower_of_them():
    """The target and one tie share places 5 and 6: rank 5.5 is not among the first five. Of 4, 5 and 6 it is 5."""
    above, ties = np.array([4, 3]), np.array([1, 2])
    assert list(per_user("hr", 5, above, ties, "mid")) == [0, 1]
    assert per_user("mrr", 5, np.array([0]), np.array([1]), "mid") == pytest.approx(1 / 2)
