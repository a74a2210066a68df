import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from methods.cpr.counterfactual import Sets
from methods.cpr.theory import pair_noise, votes_by_hoeffding, votes_needed, votes_printed
from methods.engine.fit.sample_complexity import samples_needed


def test_theorem_2_by_hand():
    # 2 log(2 |F| / delta) / (epsilon^2 (1 - 2 zeta)^2)
    assert samples_needed(math.log(1000), 0.2, 0.1, 0.05) == pytest.approx(2 * math.log(2000 / 0.05) / (0.01 * 0.36))


@given(noise=st.floats(0.05, 0.45), failure=st.floats(0.01, 0.4))
@settings(deadline=None, max_examples=40)
def test_votes_needed_are_the_fewest_that_are_enough(noise, failure):
    votes = votes_needed(noise, failure)
    wrong = lambda n: binom.sf(n // 2, n, noise)  # noqa: E731
    assert wrong(votes) <= failure and votes <= votes_by_hoeffding(noise, failure) + 2
    if votes > 1:
        assert wrong(votes - 2) > failure


def test_the_printed_number_of_votes_is_too_small():
    printed = math.ceil(votes_printed(0.4, 0.05))
    assert printed == 38 < votes_needed(0.4, 0.05)
    assert binom.sf(19, 39, 0.4) > 2 * 0.05  # 39 votes, an odd number, and still


def test_a_pair_is_as_hard_on_either_side_of_one_half():
    assert votes_needed(0.7, 0.1) == votes_needed(0.3, 0.1)
    assert votes_needed(0.5, 0.1) == votes_printed(0.5, 0.1) == math.inf


@pytest.mark.parametrize(("noise", "failure"), [(-0.1, 0.1), (1.1, 0.1), (0.2, 0.0), (0.2, 1.0)])
def test_what_is_no_probability_is_refused(noise, failure):
    with pytest.raises(ValueError, match="Theorem 1"):
        votes_needed(noise, failure)


def test_zeta_by_hand():
    value = np.array([[3.0, 1.0, 0.0, -2.0]])  # one user, who takes items 0 and 1

    def look(users, items):
        return value[users[:, None], items]

    sets = Sets(torch.tensor([0, 0]), torch.tensor([[0, 1], [3, 2]]), torch.tensor([[1, 3], [0, 2]]))
    # (0,1) right, (0,3) right decided, (1,1) no pair, (1,3) right decided; (3,0) wrong decided, (3,2) wrong,
    # (2,0) wrong decided, (2,2) no pair
    assert pair_noise(sets, look) == {"zeta": 3 / 6, "decided": 4 / 6, "zeta_decided": 2 / 4}
