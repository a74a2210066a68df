"""Ranks across data sets, corrections and effect sizes against other libraries, and error rates by simulation."""

import numpy as np
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, mannwhitneyu
from statsmodels.stats.multitest import multipletests

from paper_tables.statistics import (
    cliques,
    common_language,
    critical_difference,
    friedman,
    holm_within,
    paired_d,
    posthoc,
    relative,
    sign_flip,
    wilcoxon,
)


@pytest.mark.parametrize("digits", [1, 6])  # with and without ties
def test_friedman_is_scipys(digits):
    values = np.random.default_rng(1).random((9, 5)).round(digits)
    expected = friedmanchisquare(*values.T)
    found = friedman(values)
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.p_permutation == pytest.approx(found.p_value, abs=0.05)


def test_the_highest_value_has_rank_one():
    assert friedman(np.array([[3.0, 1.0, 2.0], [9.0, 5.0, 5.0]])).ranks.tolist() == [[1, 3, 2], [1, 2.5, 2.5]]


def test_ranks_of_few_data_sets_find_too_little_rather_than_too_much():
    draw = np.random.default_rng(2)
    found = [friedman(draw.random((4, 4))).p_permutation < 0.05 for _ in range(300)]
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_a_method_that_is_best_everywhere_is_found():
    values = np.random.default_rng(3).random((8, 4)) + np.array([2, 0, 0, 0])
    found = friedman(values)
    assert found.p_permutation < 0.01 and found.mean_ranks[0] == 1


def test_friedman_refuses_what_has_no_ranks():
    with pytest.raises(ValueError, match="two data sets"):
        friedman(np.ones((1, 4)))
    with pytest.raises(ValueError, match="finite"):
        friedman(np.array([[1.0, np.nan], [2.0, 1.0]]))
    assert friedman(np.ones((3, 3))).statistic == 0


@pytest.mark.parametrize(
    ("methods", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)  # Demšar 2006, Table 5(a)
def test_the_critical_difference_has_demsars_quantiles(methods, quantile):
    expected = quantile * np.sqrt(methods * (methods + 1) / (6 * 14))
    assert critical_difference(methods, 14) == pytest.approx(expected, abs=0.002)


def test_posthoc_tests_are_scikit_posthocs():
    values = np.random.default_rng(4).random((10, 5))
    ranks = friedman(values).mean_ranks
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    assert np.allclose(posthoc(ranks, 10), nemenyi, atol=1e-3)
    siegel = scikit_posthocs.posthoc_siegel_friedman(values, p_adjust="holm").to_numpy()
    assert np.allclose(posthoc(ranks, 10, "holm"), siegel)
    with pytest.raises(ValueError, match="nemenyi, holm"):
        posthoc(ranks, 10, "none")


@given(st.lists(st.integers(0, 40), min_size=2, max_size=8), st.integers(1, 12))
def test_cliques_join_what_lies_within_the_difference_and_nothing_else(ranks, difference):
    ordered = sorted(ranks)
    found = cliques(np.array(ranks, dtype=float), float(difference))
    joined = {(a, b) for first, last in found for a in range(first, last + 1) for b in range(a + 1, last + 1)}
    pairs = {(a, b) for a in range(len(ordered)) for b in range(a + 1, len(ordered))}
    assert joined == {(a, b) for a, b in pairs if ordered[b] - ordered[a] <= difference}
    assert not any(a[0] >= b[0] and a[1] <= b[1] for a in found for b in found if a != b)


def test_holm_is_taken_within_each_family():
    p_values = np.array([0.01, 0.04, np.nan, 0.03, 0.02])
    adjusted, sizes = holm_within(p_values, ["a", "b", "a", "b", "a"])
    assert np.allclose(adjusted[[0, 4]], multipletests(p_values[[0, 4]], method="holm")[1])
    assert np.allclose(adjusted[[1, 3]], multipletests(p_values[[1, 3]], method="holm")[1])
    assert np.isnan(adjusted[2]) and sizes.tolist() == [2, 2, 2, 2, 2]


def test_holm_keeps_the_errors_of_a_whole_family_at_one_in_twenty():
    draw = np.random.default_rng(5)
    families = [holm_within(draw.random(20), ["one"] * 20)[0].min() < 0.05 for _ in range(1000)]
    assert np.mean(families) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_sign_flip_one_sided_looks_at_its_side():
    better = np.random.default_rng(6).choice([0.0, 1.0, -1.0], size=600, p=[0.7, 0.2, 0.1])
    for differences in (better, better[better != 0][:9] + 0.5):
        greater, less = sign_flip(differences, "greater"), sign_flip(differences, "less")
        assert greater < 0.05 < less
        assert sign_flip(differences) >= greater
        assert sign_flip(-differences, "less") == pytest.approx(greater)
    with pytest.raises(ValueError, match="alternative"):
        sign_flip(better, "larger")


def test_wilcoxon_keeps_zeros_in_the_ranking():
    differences = np.array([0.0, 0.0, 0.3, 0.4, 0.5, 0.6, -0.1, 0.2, 0.7, 0.9])
    assert wilcoxon(differences, "greater") < 0.05 < wilcoxon(differences, "less")
    assert wilcoxon(np.zeros(5)) == 1.0


def test_wilcoxon_without_a_difference_finds_at_most_one_in_twenty():
    draw = np.random.default_rng(7)
    found = [wilcoxon(draw.choice([0, 1, -1, 0.5, -0.5], size=200)) < 0.05 for _ in range(400)]
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_common_language_is_the_share_of_those_that_gain():
    assert common_language(np.array([1.0, 2.0, 0.0, -1.0])) == pytest.approx((2 + 0.5) / 4)
    # against a constant, the paired form is the unpaired one of Mann and Whitney
    values = np.random.default_rng(8).normal(0.3, size=50)
    assert common_language(values) == pytest.approx(mannwhitneyu(values, [0.0]).statistic / 50)


def test_effect_sizes():
    assert paired_d(np.array([1.0, 3.0])) == pytest.approx(2 / 2**0.5)
    assert paired_d(np.zeros(4)) == 0 and paired_d(np.ones(4)) == np.inf
    assert relative(np.array([3.0, 3.0]), np.array([1.0, 3.0])) == pytest.approx(0.5)
    assert np.isnan(relative(np.ones(2), np.zeros(2)))
