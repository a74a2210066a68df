"""The paired test against other implementations, and by simulation."""

import numpy as np
import pytest
from scipy.stats import norm, permutation_test
from statsmodels.stats.multitest import multipletests

from paper_tables.statistics import holm, interval, sign_flip


def permutation(differences: np.ndarray) -> float:
    """SciPy's paired permutation test of the mean."""
    pair = (differences, np.zeros_like(differences))
    mean = lambda a, b, axis: (a - b).mean(axis=axis)  # noqa: E731
    draws = permutation_test(
        pair, mean, permutation_type="samples", vectorized=True, n_resamples=20_000, rng=np.random.default_rng(1)
    )
    return float(draws.pvalue)


def test_few_differences_are_enumerated_like_scipy():
    differences = np.array([0.3, 0.0, -0.1, 0.7, 0.2, 0.0, 0.5])
    assert sign_flip(differences) == pytest.approx(permutation(differences))


def test_all_of_one_sign_is_the_sign_test():
    assert sign_flip(np.full(10, 0.25)) == pytest.approx(2 / 2**10)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05])
def test_many_sparse_differences_agree_with_scipy(shift):
    draw = np.random.default_rng(3)
    values = draw.choice([0.0, 0.387, 0.631, 1.0, -0.387, -0.631, -1.0], size=400, p=[0.7] + [0.05] * 6)
    differences = values + shift * (draw.random(400) < 0.3)
    assert sign_flip(differences) == pytest.approx(permutation(differences), abs=0.015)


def test_without_a_difference_at_most_about_one_in_twenty_is_found():
    draw = np.random.default_rng(5)
    found = [sign_flip(draw.choice([0, 1, -1], size=300, p=[0.8, 0.1, 0.1])) < 0.05 for _ in range(2000)]
    assert 0.03 < np.mean(found) < 0.065


def test_skewed_gains_of_equal_chance_are_not_found_too_often():
    """Users whose metric is mostly zero, two models of equal quality: the differences have heavy, rare values."""
    draw = np.random.default_rng(6)
    ranks = lambda: np.where((hit := draw.random(500)) < 0.06, 1 / np.log2(2 + draw.integers(0, 5, 500)), 0 * hit)  # noqa: E731
    found = [sign_flip(ranks() - ranks()) < 0.05 for _ in range(2000)]
    assert np.mean(found) < 0.065


def test_a_planted_difference_is_found_whichever_side_it_is_on():
    draw = np.random.default_rng(7)
    better = draw.choice([0.0, 1.0, -1.0], size=600, p=[0.7, 0.2, 0.1])
    assert sign_flip(better) < 0.001
    assert sign_flip(-better) == pytest.approx(sign_flip(better))
    low, high = interval(better)
    assert 0 < low < better.mean() < high
    assert interval(-better)[1] < 0


def test_a_one_sided_p_of_many_users_is_the_half_of_the_two_sided_one():
    many = np.random.default_rng(10).normal(0.3, 1, size=300)
    assert sign_flip(many, "greater") == pytest.approx(sign_flip(many) / 2)
    assert sign_flip(many, "less") == pytest.approx(1 - sign_flip(many) / 2)
    assert sign_flip(-many, "less") == pytest.approx(sign_flip(many, "greater"))


def test_the_spread_of_randomly_signed_differences_is_their_sum_of_squares():
    """Not that about their mean, which a difference makes smaller, and the test with it too liberal."""
    many = np.random.default_rng(11).normal(0.6, 1, size=40)
    assert sign_flip(many) == pytest.approx(2 * norm.sf(many.sum() / np.sqrt(np.square(many).sum())))


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip(np.zeros(100)) == 1.0
    assert sign_flip(np.array([])) == 1.0


def test_a_difference_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        sign_flip(np.array([0.1, np.nan]))


def test_interval_covers_the_true_mean():
    draw = np.random.default_rng(8)
    covered = []
    for _ in range(1000):
        low, high = interval(draw.choice([0.0, 1.0], size=400, p=[0.8, 0.2]))
        covered.append(low <= 0.2 <= high)
    assert 0.93 < np.mean(covered) < 0.97


def test_holm_is_statsmodels_holm_and_leaves_what_was_not_tested():
    p_values = np.random.default_rng(9).random(30) ** 3
    expected = multipletests(p_values, method="holm")[1]
    assert np.allclose(holm(p_values), expected)
    with_gaps = np.insert(p_values, [0, 7, 30], np.nan)
    corrected = holm(with_gaps)
    assert np.allclose(corrected[~np.isnan(with_gaps)], expected)
    assert np.isnan(corrected[np.isnan(with_gaps)]).all()
