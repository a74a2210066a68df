"""The truth of `csrec-synthetic` against brute force, simulation and its own prepared files."""

from itertools import product

import numpy as np
import pytest

from datasets.csrec_synthetic.generate import World, _decide, generate
from datasets.csrec_synthetic.truth import answers, conditional, effects, load_truth, marginal, observed
from datasets.pipeline.card import card
from datasets.pipeline.fetch import fetch
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split

SMALL = World(users=30, items=8, observed=12, training=6, held_out=4, effect=0.5)


def test_the_marginal_is_the_sum_over_all_paths_of_answers():
    _, truth = generate(SMALL)
    shown = np.random.default_rng(0).integers(8, size=(3, 10))
    users = np.array([0, 7, 29])
    either = answers(truth, users, shown)
    expected = np.zeros(shown.shape)
    for path in product((0, 1), repeat=10):
        weight, last = np.ones(3), 0
        for step, answer in enumerate(path):
            chance = either[:, step, last]
            weight, last = weight * (chance if answer else 1 - chance), answer
        expected += weight[:, None] * np.array(path)
    np.testing.assert_allclose(marginal(truth, users, shown), expected, atol=1e-12)


def test_simulated_users_answer_as_the_truth_says():
    _, truth = generate(SMALL)
    shown = np.random.default_rng(1).integers(8, size=(1, 6)).repeat(100_000, axis=0)
    alike = {name: getattr(truth, name) for name in ("popularity", "carry", "moved")}
    many = type(truth)(
        preference=truth.preference[[4]].repeat(100_000, axis=0),
        effect=truth.effect[[4]].repeat(100_000),
        mood=truth.mood[[4]].repeat(100_000),
        **alike,
    )
    answered = _decide(many, shown, np.random.default_rng(2))
    expected = marginal(truth, [4], shown[:1])[0]
    error = np.sqrt(expected * (1 - expected) / 100_000)
    assert (abs(answered.mean(axis=0) - expected) < 4 * error).all()
    after = answered[:, 2] == 1
    chance = answers(truth, [4], shown[:1])[0, 3, 1]
    assert abs(answered[after, 3].mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / after.sum())


def test_conditional_takes_the_answer_before():
    _, truth = generate(SMALL)
    shown, accepted = np.array([[1, 2, 3]]), np.array([[True, False, True]])
    either = answers(truth, [5], shown)[0]
    assert conditional(truth, [5], shown, accepted)[0].tolist() == [either[0, 0], either[1, 1], either[2, 0]]


def test_without_an_effect_of_the_system_there_is_none():
    shown = np.random.default_rng(3).integers(8, size=(30, 5))
    everyone = np.arange(30)
    assert not effects(generate(World(users=30, items=8))[1], everyone, shown).any()
    found = effects(generate(SMALL)[1], everyone, shown)
    assert (found >= 0).all() and 0.1 < (found > 0).any(axis=1).mean() < 0.9


@pytest.mark.parametrize(("mood", "apart"), [(0.0, False), (1.0, True)])
def test_a_hidden_mood_alone_makes_seeing_differ_from_doing(mood, apart):
    _, truth = generate(World(users=30, items=5, mood=mood))
    item = int(truth.preference[3].argmax())
    share, error = observed(truth, 3, item, 0, 400_000, np.random.default_rng(4))
    done = answers(truth, [3], [[item]], system=False)[0, 0, 0]
    assert (abs(share - done) > 6 * error) == apart
    assert apart or abs(share - done) < 4 * error


def test_worlds_differ_in_what_their_name_says_alone():
    usual, other = (generate(World(users=30, items=8, mood=mood)) for mood in (0.0, 1.0))
    by_system = [table[table["regime"] == "interventional"] for table, _ in (usual, other)]
    assert by_system[0].equals(by_system[1])
    assert not usual[0].equals(other[0])


def test_it_is_prepared_and_split_with_its_truth(tmp_path):
    about = card("csrec-synthetic-effect-few-s2")
    fetch(about, store=tmp_path / "raw")
    prepared = prepare(about, tmp_path, tmp_path / "raw")
    split = make_split("csrec-synthetic-effect-few-s2.decisions", tmp_path)
    assert prepared["counts"]["exposures"] == 600 * (40 + 14)
    assert split["exposures"]["interventional"] == 600 * 4 and split["decisions"] == {"test": 4800, "validation": 1200}
    truth = load_truth(tmp_path / "data" / about.name / "truth.npz")
    assert truth.preference.shape == (600, 40) and abs(truth.effect.mean() - 0.6) < 0.1
