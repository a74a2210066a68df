import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.evaluation import acceptance, episodes

DECISIONS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 1.0])), min_size=2, max_size=30
)


@given(DECISIONS)
def test_auc_is_the_share_of_pairs_in_order(rows):
    decision, score = map(np.array, zip(*rows, strict=True))
    pairs = [(a > b) + (a == b) / 2 for a in score[decision] for b in score[~decision]]
    assert acceptance.auc(decision, score) == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)


@given(DECISIONS)
def test_scores_are_those_of_scikit_learn(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    decision, probability = map(np.array, zip(*rows, strict=True))
    if decision.all() or not decision.any():
        return
    assert acceptance.auc(decision, probability) == pytest.approx(metrics.roc_auc_score(decision, probability))
    assert acceptance.log_losses(decision, probability).mean() == pytest.approx(metrics.log_loss(decision, probability))
    assert acceptance.brier(decision, probability).mean() == pytest.approx(
        metrics.brier_score_loss(decision, probability)
    )


def test_auc_within_users_leaves_out_who_gave_one_answer():
    user, decision = [1, 1, 2, 2, 3, 3], np.array([1, 0, 1, 0, 1, 1], bool)
    assert acceptance.auc_within(user, decision, [0.9, 0.1, 0.2, 0.4, 0.3, 0.3]) == 0.5
    assert np.isnan(acceptance.auc_within([1, 1], [True, True], [0.1, 0.2]))


def test_losses_by_hand():
    decision, probability = np.array([True, False]), np.array([0.25, 0.5])
    assert acceptance.log_losses(decision, probability) == pytest.approx([np.log(4), np.log(2)])
    assert acceptance.brier(decision, probability) == pytest.approx([0.5625, 0.25])
    assert np.isfinite(acceptance.log_losses([True], np.array([0.0]))).all()


def test_a_threshold_is_one_less_the_share():
    decision, probability = np.array([True, True, False, False]), np.array([0.8, 0.79, 0.9, 0.1])
    assert acceptance.by_threshold(decision, probability, 0.2).tolist() == [True, False, False, True]
    assert acceptance.by_threshold(decision, probability, 0.5).tolist() == [True, True, False, True]


def test_a_rank_is_among_the_top_share_of_all_items():
    decision, above, ties = np.array([True, True, False, True]), np.array([0, 2, 2, 0]), np.array([0, 0, 0, 9])
    assert acceptance.by_rank(decision, above, ties, 10, 0.2) == pytest.approx([1, 0, 1, 0.2])


@given(st.integers(1, 60), st.sampled_from([0.2, 0.5]), st.floats(0, 1))
def test_a_ranking_by_chance_has_the_rate_of_chance(items, alpha, share):
    """alpha q + (1 - alpha)(1 - q), with alpha what the catalogue makes of it."""
    top, above, none = int(alpha * items + 1e-9) / items, np.arange(items), np.zeros(items, int)
    rates = [acceptance.by_rank(np.full(items, yes), above, none, items, alpha).mean() for yes in (True, False)]
    found = share * rates[0] + (1 - share) * rates[1]
    assert found == pytest.approx(top * share + (1 - top) * (1 - share))


def test_calibration_by_hand():
    decision = np.array([0, 1, 1, 1], bool)
    found = acceptance.calibration(decision, np.array([0.2, 0.2, 0.8, 0.8]), bins=2)
    assert found == [(pytest.approx(0.2), 0.5, 2), (pytest.approx(0.8), 1.0, 2)]
    assert acceptance.calibration_error(decision, np.array([0.2, 0.2, 0.8, 0.8]), bins=2) == pytest.approx(0.25)
    assert acceptance.calibration_error(decision, np.full(4, 0.75)) == 0


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_probability_is_an_error_for_people(wrong):
    with pytest.raises(FloatingPointError, match="decision 1: the probability of acceptance is .* in 1 of 2 decisions"):
        acceptance.checked(np.array([0.5, wrong]))


def test_a_summary_has_what_the_model_gives():
    table = pd.DataFrame({"user": [1, 1], "decision": [True, False], "above": [0, 7], "ties": [0, 0]})
    assert acceptance.summary(table, 10) == {"ahr_rank@0.2": 1, "ahr_rank@0.5": 1, "auc": 1, "auc_within": 1}
    found = acceptance.summary(table.assign(probability=[0.9, 0.2]), 10)
    assert found["ahr_threshold@0.2"] == 1 and found["brier"] == pytest.approx(0.025)
    alike = acceptance.summary(table.assign(decision=True), 10)
    assert alike == {"ahr_rank@0.2": 0.5, "ahr_rank@0.5": 0.5}


def test_episodes_are_averaged():
    table = pd.DataFrame({"return": [1.0, 3.0], "steps": [2, 4], "clicks": [1, 4]})
    assert episodes.summary(table) == {"return": 2.0, "steps": 3.0, "ctr": 0.75}
    with pytest.raises(FloatingPointError, match="return of an episode is not finite"):
        episodes.summary(table.assign(**{"return": [1.0, np.inf]}))
