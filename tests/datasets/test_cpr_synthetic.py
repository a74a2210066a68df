"""CPR's generator: the printed formulas by loops, its readings, and the figures known of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datasets.cpr_synthetic.generate import FEEDBACKS, World, draw_lists, generate
from datasets.cpr_synthetic.truth import (
    CLOSED_MEAN,
    OPEN_MEAN,
    READINGS,
    Truth,
    load_truth,
    sums,
    true_choices,
    true_value,
)
from datasets.pipeline.card import card, variant_name
from datasets.pipeline.errors import BadInput
from datasets.pipeline.lists import lists_from
from datasets.pipeline.prepare import prepare

SMALL = World(users=40, items=30, lists=4, dim=3)


def kappa1(x):
    return x - 0.5 if x > 0 else 0


def kappa2(x):
    return x if x > 0 else 0


def kappa3(x):
    return x + 0.5 if x < 0 else 0


def closed1(x):
    return x - 0.5 if x >= 0 else 0


def closed3(x):
    return x + 0.5 if x <= 0 else 0


TERMS = {
    "printed": (lambda z: kappa1(kappa2(z)), lambda z: kappa3(kappa2(-z))),
    "negated": (lambda z: kappa1(kappa2(z)), lambda z: kappa3(-z)),
    "mirrored": (lambda z: kappa1(kappa2(z)), lambda z: kappa3(-kappa2(-z))),
    "closed-negated": (lambda z: closed1(kappa2(z)), lambda z: closed3(-kappa2(z))),
    "closed-mirrored": (lambda z: closed1(kappa2(z)), lambda z: closed3(-kappa2(-z))),
}


@pytest.mark.parametrize("reading", TERMS)
def test_sums_are_the_literal_formulas(reading):
    _, truth = generate(SMALL)
    x1, x2 = sums(truth.preference, truth.quality, READINGS[reading])
    for user, item in ((0, 0), (17, 4), (39, 29)):
        both = [*truth.preference[user], *truth.quality[item]]
        assert x1[user, item] == pytest.approx(sum(TERMS[reading][0](z) for z in both))
        assert x2[user, item] == pytest.approx(sum(TERMS[reading][1](z) for z in both), abs=1e-12)


@pytest.mark.parametrize("feedback", FEEDBACKS)
@pytest.mark.parametrize("reading", READINGS)
def test_answers_are_the_sign_of_the_score(feedback, reading):
    lists, truth = generate(replace(SMALL, feedback=feedback, reading=reading))
    x1, x2 = sums(truth.preference, truth.quality, READINGS[reading])
    score = x1 if feedback == "linear" else x1 + x1 * x2
    assert np.array_equal(truth.answers, 1 / (1 + np.exp(-score)) - 0.5 > 0)
    shown = truth.answers[lists.owners, lists.items]
    assert np.array_equal(lists.chosen, shown)
    wish = np.exp(1 - 1 / (1 + np.exp(-x1)))
    assert np.allclose(truth.exposure, wish / wish.sum(axis=1, keepdims=True))


def test_centred_readings_have_sums_about_zero():
    random = np.random.default_rng(0)
    preference, quality = random.normal(size=(2000, 8)), random.normal(size=(2000, 8))
    for reading in ("centred-negated", "centred-mirrored"):
        assert all(abs(each.mean()) < 0.1 for each in sums(preference, quality, READINGS[reading]))
    for reading in ("closed-negated", "closed-mirrored"):  # their means, not taken off
        means = [16 * CLOSED_MEAN, -16 * CLOSED_MEAN]
        assert [each.mean() for each in sums(preference, quality, READINGS[reading])] == pytest.approx(means, abs=0.1)
    plain, _ = sums(preference, quality, READINGS["printed"])
    assert plain.mean() == pytest.approx(16 * OPEN_MEAN, abs=0.1)


def test_as_printed_the_non_linear_answers_are_the_linear_ones():
    for dim in (16, 32):
        linear, nonlinear = (
            generate(World(feedback=feedback, dim=dim, reading="printed", users=200)) for feedback in FEEDBACKS
        )
        assert np.array_equal(linear[1].answers, nonlinear[1].answers)
        assert np.array_equal(linear[0].chosen, nonlinear[0].chosen)


def positive_rate(**changes):
    """Share of positive answers over all pairs; lists are not needed for it."""
    rates = [generate(World(seed=seed, lists=1, **changes))[1].answers.mean() for seed in range(12)]
    return np.mean(rates)


@pytest.mark.parametrize(
    ("changes", "known"),
    [  # the known figures are simulations of others with 20 seeds
        ({"reading": "printed", "dim": 16}, 0.981),
        ({"reading": "printed", "dim": 32}, 0.998),
        ({"reading": "printed", "dim": 16, "noise": 0.2}, 0.964),
        ({"reading": "printed", "dim": 32, "noise": 0.2}, 0.991),
        ({"reading": "printed", "dim": 16, "noise": 0.2, "spread": "variance"}, 0.833),
        ({"reading": "printed", "dim": 32, "noise": 0.2, "spread": "variance"}, 0.864),
        ({"reading": "negated", "dim": 16}, 0.039),
        ({"reading": "negated", "dim": 32}, 0.003),
    ],
)
def test_the_share_of_positive_answers_is_the_known_one(changes, known):
    assert positive_rate(**changes) == pytest.approx(known, abs=0.006)


def test_lists_are_drawn_by_the_softmax_without_repetition():
    wish = np.log(np.array([[0.1, 0.2, 0.3, 0.4]]))
    lists = draw_lists(wish, 40_000, 2, np.random.default_rng(0))
    assert (lists[:, 0] != lists[:, 1]).all()
    assert np.bincount(lists[:, 0]) / 40_000 == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.01)
    after_the_last = np.bincount(lists[lists[:, 0] == 3, 1], minlength=4)
    assert after_the_last / after_the_last.sum() == pytest.approx(np.array([0.1, 0.2, 0.3, 0]) / 0.6, abs=0.012)


def test_a_whole_catalogue_fits_into_a_list():
    lists = draw_lists(np.zeros((3, 4)), 2, 4, np.random.default_rng(0))
    assert (np.sort(lists, axis=1) == np.arange(4)).all()


def test_equal_worlds_are_equal_and_parts_do_not_move_each_other():
    first, truth = generate(SMALL)
    same, _ = generate(SMALL)
    noisy, moved = generate(replace(SMALL, noise=0.2))
    other, _ = generate(replace(SMALL, seed=2))
    assert np.array_equal(first.items, same.items) and np.array_equal(first.chosen, same.chosen)
    assert np.array_equal(first.items, noisy.items) and np.array_equal(truth.preference, moved.preference)
    assert not np.array_equal(first.items, other.items)


def test_the_truth_answers_for_lists_that_nobody_saw():
    lists, truth = generate(replace(SMALL, noise=0.2))
    users, items = np.array([3, 9]), np.array([[0, 1, 2], [5, 5, 7]])
    found = true_choices(truth, users, items)
    assert found.tolist() == [[truth.value[3, j] > 0 for j in items[0]], [truth.value[9, j] > 0 for j in items[1]]]
    assert true_value(truth, users, items).tolist() == found.sum(axis=1).tolist()
    seen = lists.items.reshape(-1, SMALL.length)
    assert np.array_equal(true_choices(truth, lists.users, seen).ravel(), lists.chosen)


@pytest.mark.parametrize(
    "changes", [{"feedback": "cubic"}, {"reading": "guessed"}, {"spread": "range"}, {"noise": -1}, {"length": 301}]
)
def test_an_impossible_world_is_refused(changes):
    with pytest.raises(BadInput, match="synthetic lists"):
        World(**changes)


def of_variant(**values):
    """Lists and truth of a variant of the card, as the parser gives them."""
    parsed = card(variant_name("cpr-synthetic", **values)).parse({})
    return parsed.lists, Truth(**parsed.arrays["truth"])


def test_a_variant_is_the_world_of_its_values():
    values = {"feedback": "linear", "dim": 32, "noise": 0.2, "reading": "printed", "seed": 3}
    for found, drawn in zip(of_variant(**values), generate(World(**values)), strict=True):
        assert all(np.array_equal(getattr(found, part), each) for part, each in vars(drawn).items() if each is not None)


def test_variants_share_what_their_values_say_and_nothing_else():
    lists, truth = of_variant()
    for values in ({"feedback": "linear"}, {"noise": 0.2}, {"reading": "printed"}):
        _, other = of_variant(**values)
        assert np.array_equal(truth.preference, other.preference) and np.array_equal(truth.quality, other.quality)
        assert not np.array_equal(truth.answers, other.answers), values
    assert np.array_equal(of_variant(feedback="linear")[0].items, lists.items)
    assert np.array_equal(of_variant(noise=0.2)[0].items, lists.items)
    again, other = of_variant(seed=2)
    assert not np.array_equal(again.items, lists.items) and not np.array_equal(other.preference, truth.preference)


def test_every_value_of_the_card_is_one_that_the_generator_knows():
    offered = card("cpr-synthetic").variants
    assert set(offered["reading"].values()) == set(READINGS) and set(offered["feedback"].values()) == set(FEEDBACKS)
    assert card("cpr-synthetic").variant == {key: getattr(World(), key) for key in offered}


def test_the_prepared_data_and_their_truth_have_the_same_numbers(tmp_path):
    prepare(card("cpr-synthetic"), tmp_path)
    folder = tmp_path / "data" / "cpr-synthetic"
    truth, lists = load_truth(folder / "truth.npz"), lists_from(pd.read_parquet(folder / "lists.parquet"))
    assert np.array_equal(truth.answers[lists.owners, lists.items], lists.chosen)
    rows = pd.read_parquet(folder / "interactions.parquet")
    pairs = lists.choices()[["user", "item"]].drop_duplicates()
    assert len(rows) == len(pairs) and truth.answers[rows["user"], rows["item"]].all()
