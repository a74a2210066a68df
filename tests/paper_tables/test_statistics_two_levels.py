"""Users and seeds as two levels: error rates, coverage and power by simulation; one level against other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from paper_tables.statistics import (
    Difference,
    bootstrap_means,
    percentiles,
    seed_weights,
    seeds_needed,
    sign_flip,
    user_weights,
    users_needed,
)

USERS = 150
RUNS = 400


def runs(seeds: int, seed_spread: float, user_spread: float, mean: float = 0.0, count: int = RUNS) -> np.ndarray:
    """Made-up experiments, shape (count, seeds, users). Spreads in units of the rest's standard deviation; that of the
    seeds is what they add to a mean over all users.
    """
    draw = np.random.default_rng(11)
    by_seed = draw.normal(0, seed_spread / np.sqrt(USERS), (count, seeds, 1))
    by_user = draw.normal(0, user_spread, (count, 1, USERS))
    return mean + by_seed + by_user + draw.normal(size=(count, seeds, USERS))


def upper_bound(share: float, count: int = RUNS) -> float:
    """What chance may add to a share: three standard errors."""
    return share + 3 * np.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(("seed_spread", "user_spread"), [(0, 0), (0, 2), (2, 0), (6, 0), (6, 1)])
def test_without_a_difference_at_most_one_in_twenty_is_found(seeds, seed_spread, user_spread):
    found = [Difference.of(run).p_value() < 0.05 for run in runs(seeds, seed_spread, user_spread)]
    assert np.mean(found) <= upper_bound(0.05)


def test_users_alone_find_far_too_much_where_the_seeds_differ():
    """Why the seeds are a level of their own: the same runs, averaged over seeds, or pooled."""
    made = runs(3, 6, 0)
    averaged = [sign_flip(run.mean(axis=0)) < 0.05 for run in made]
    pooled = [sign_flip(run.ravel()) < 0.05 for run in made]
    assert np.mean(averaged) > 0.3 and np.mean(pooled) > 0.3


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_a_one_sided_test_finds_its_own_side_only(alternative):
    sign = 1 if alternative == "greater" else -1
    right = [Difference.of(sign * run).p_value(alternative=alternative) < 0.05 for run in runs(5, 1, 1, mean=0.6)]
    wrong = [Difference.of(-sign * run).p_value(alternative=alternative) < 0.05 for run in runs(5, 1, 1, mean=0.6)]
    none = [Difference.of(run).p_value(alternative=alternative) < 0.05 for run in runs(5, 1, 1)]
    assert np.mean(right) > 0.95 and np.mean(wrong) == 0
    assert np.mean(none) <= upper_bound(0.05)


def test_the_interval_covers_what_is_true():
    covered = []
    for run in runs(3, 2, 1, mean=0.3):
        low, high = Difference.of(run).interval()
        covered.append(low <= 0.3 <= high)
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / RUNS)


@given(st.integers(2, 4), st.floats(-2, 2), st.floats(0.01, 0.5))
def test_the_interval_leaves_out_zero_exactly_where_the_test_says_so(seeds, mean, level):
    found = Difference.of(mean + np.random.default_rng(seeds).normal(size=(seeds, 30)))
    low, high = found.interval(level)
    assert (low > 0 or high < 0) == (found.p_value() < level)


def of_users_alone(differences):
    """The users' level by itself: two seeds that agree wholly add nothing."""
    return Difference.of(np.stack([differences, differences]))


def test_a_level_of_one_seed_gives_no_number():
    found = Difference.of(np.random.default_rng(1).normal(1, 1, size=(1, 50)))
    numbers = [*found.interval(), found.p_value(), found.p_value(0, "greater"), found.p_equivalence(9)]
    numbers += [found.detectable(), found.seed_error, users_needed(found, 1.0), seeds_needed(found, 1.0)]
    assert np.isnan(numbers).all()
    assert found.mean > 0 and found.user_error > 0


def test_the_users_alone_are_the_paired_t_test_of_statsmodels():
    draw = np.random.default_rng(12)
    theirs, ours = draw.normal(size=80), draw.normal(0.1, size=80)
    p_equivalence, upper, lower = ttost_paired(ours, theirs, -0.4, 0.4)
    found = of_users_alone(ours - theirs)
    assert found.p_equivalence(0.4) == pytest.approx(p_equivalence, rel=1e-6)
    assert found.p_value(-0.4, "greater") == pytest.approx(upper[1], rel=1e-6, abs=1e-9)
    assert found.p_value(0.4, "less") == pytest.approx(lower[1], rel=1e-6, abs=1e-9)


def test_sameness_is_found_where_it_is_true_and_seldom_where_it_is_not():
    margin = 1.0
    same = [Difference.of(run).p_equivalence(margin) < 0.05 for run in runs(3, 1, 1)]
    apart = [Difference.of(run).p_equivalence(margin) < 0.05 for run in runs(3, 1, 1, mean=margin)]
    assert np.mean(same) > 0.9 and np.mean(apart) <= upper_bound(0.05)
    with pytest.raises(ValueError, match="margin"):
        Difference.of(np.ones((1, 3))).p_equivalence(0)


def test_the_detectable_difference_of_the_users_alone_is_that_of_statsmodels():
    found = of_users_alone(np.random.default_rng(13).normal(0, 2, size=200))
    effect = TTestPower().solve_power(nobs=200, alpha=0.05, power=0.8)
    spread = found.user_error * np.sqrt(200)
    assert found.detectable() == pytest.approx(effect * spread, rel=0.005)


def test_users_needed_is_statsmodels_number():
    found = of_users_alone(np.random.default_rng(14).normal(0, 1, size=300))
    spread = found.user_error * np.sqrt(300)
    expected = TTestPower().solve_power(effect_size=0.2 / spread, alpha=0.05, power=0.8)
    assert users_needed(found, 0.2) == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize(("seed_spread", "user_spread"), [(0, 1), (2, 0.5)])
def test_a_planted_difference_of_the_detectable_size_is_mostly_found(seed_spread, user_spread):
    sizes = [Difference.of(run).detectable() for run in runs(5, seed_spread, user_spread)]
    planted = float(np.median(sizes))
    found = [Difference.of(run).p_value() < 0.05 for run in runs(5, seed_spread, user_spread, mean=planted)]
    assert 0.7 < np.mean(found) < 0.97


def test_seeds_needed_suffice_and_one_less_does_not():
    found = Difference(0.0, seed_error=0.5, user_error=0.1, seeds=3, users=1000)
    needed = seeds_needed(found, 1.0)

    def detectable(seeds):
        return Difference(0.0, 0.5 * np.sqrt(3 / seeds), 0.1, int(seeds), 1000).detectable()

    assert detectable(needed) <= 1.0 < detectable(needed - 1)
    assert seeds_needed(found, 0.1) == np.inf  # the users' error alone is too large


def test_what_has_no_spread_or_no_number_is_refused():
    with pytest.raises(ValueError, match="two"):
        Difference.of(np.ones((3, 1)))
    with pytest.raises(ValueError, match="finite"):
        Difference.of(np.array([[1.0, np.nan]]))
    assert Difference.of(np.zeros((2, 5))).p_value() == 1.0


def test_the_bootstrap_draws_users_and_seeds():
    """Its variance is known: that of the users' means and (seeds - 1) / seeds of that of the seeds' means, and no more
    than three times the rest.
    """
    run = runs(8, 8, 3, count=1)[0]
    means = bootstrap_means(run, np.zeros(8, dtype=int), draws=4000, seed=1)[:, 0]
    found = Difference.of(run)
    least = 7 / 8 * found.seed_error**2 + found.user_error**2
    assert least * 0.9 < means.var() < 1.2 * least + 2 / run.size
    low, high = percentiles(means[:, None])
    assert low < run.mean() < high


def test_the_bootstrap_of_users_alone_is_scipys():
    from scipy.stats import bootstrap

    values = np.random.default_rng(15).random(120) ** 4
    means = bootstrap_means(values[None], np.array([0]), draws=4000, seed=2)
    low, high = percentiles(means)
    draws = np.random.default_rng(3)
    expected = bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=draws).confidence_interval
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), rel=0.03)


def test_the_same_draw_serves_every_group_and_users_that_do_not_count_are_left_out():
    values = np.random.default_rng(16).random((2, 50))
    half = values.copy()
    half[:, 25:] = np.nan
    columns = np.concatenate([values, values + 1, half])
    means = bootstrap_means(columns, np.repeat([0, 1, 2], 2), draws=300, seed=4)
    assert np.allclose(means[:, 1] - means[:, 0], 1, atol=1e-5)
    assert means[:, 2].mean() == pytest.approx(values[:, :25].mean(), abs=0.02)
    with pytest.raises(ValueError, match="ascending"):
        bootstrap_means(columns[:2], np.array([1, 0]), draws=2, seed=1)


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 5))
def test_every_draw_has_as_many_users_and_seeds_as_there_are(users, draws, seeds):
    generator = np.random.default_rng(17)
    weights = np.concatenate(list(user_weights(users, draws, generator)))
    assert weights.shape == (draws, users) and (weights.sum(axis=1) == users).all()
    shares = seed_weights(seeds, draws, generator)
    assert shares.shape == (draws, seeds) and np.allclose(shares.sum(axis=1), 1)
