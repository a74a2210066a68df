"""Several draws of a data set as one result, and the error of a difference over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from paper_tables.statistics import Difference

POINTS = st.floats(-5, 5)


@given(st.lists(st.lists(POINTS, min_size=2, max_size=6), min_size=2, max_size=5))
def test_over_draws_the_interval_is_students_of_their_means(draws):
    found = Difference.of_draws([np.array([draw]) for draw in draws])
    means = np.array([np.mean(draw) for draw in draws])
    assert found.mean == pytest.approx(means.mean(), abs=1e-9)
    assert found.seed_error == pytest.approx(means.std(ddof=1) / np.sqrt(len(means)), abs=1e-9)
    assert (found.seeds, found.users) == (len(draws), sum(map(len, draws)))
    # the users' chance is held in the draws', and not added to it once more
    half = t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    assert found.interval() == pytest.approx((means.mean() - half, means.mean() + half), abs=1e-9)


def test_one_draw_has_users_and_seeds_as_its_levels():
    block = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert Difference.of_draws([block]) == Difference.of(block)


def test_draws_of_any_size_count_alike():
    found = Difference.of_draws([np.zeros((1, 100)), np.ones((1, 2))])
    assert found.mean == 0.5
