"""Everything together on lists whose truth is known: how wrong the simulator is, and what the theorems make of it."""

import math

import pytest
import torch

from datasets.cpr_synthetic.generate import World as Drawn
from datasets.cpr_synthetic.generate import generate
from datasets.cpr_synthetic.truth import true_value
from datasets.pipeline.lists import blocks, without
from methods.bpr.model import BPR
from methods.cpr.augment import augment
from methods.cpr.counterfactual import control_sets, counterfactuals
from methods.cpr.fit import fit_world
from methods.cpr.recovery import recovery
from methods.cpr.theory import pair_noise, votes_needed
from methods.engine.fit.sample_complexity import samples_needed
from tests.cpr.support import CPU, run, small_settings
from tests.engine.conftest import make_split

SETTINGS = small_settings(
    length=5, k=2, exposure_embedding=8, choice_embedding=8, epochs=25, batch=128, learning_rate=0.01,
    posterior_steps=50, policy_steps=20, rounds=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def known():
    torch.set_num_threads(1)
    lists, truth = generate(Drawn(users=60, items=40, lists=25, dim=4, feedback="linear", reading="centred-mirrored"))
    return truth, fit_world(blocks(lists, 5), 60, 40, SETTINGS, 1, CPU), lists


def test_the_simulator_knows_more_than_chance_and_zeta_says_how_much(known):
    truth, world, _ = known
    found = recovery(world, truth.exposure, truth.answers)
    assert found["choice_auc"] > 0.75

    def value(users, items):
        return truth.value[users[:, None], items]

    learnt = pair_noise(counterfactuals(world, None, SETTINGS, torch.Generator().manual_seed(0)), value)
    chance = pair_noise(control_sets(60, 40, SETTINGS, torch.Generator().manual_seed(0)), value)
    assert learnt["zeta"] < 0.35 and abs(chance["zeta"] - 0.5) < 0.06
    assert learnt["zeta_decided"] < learnt["zeta"] and learnt["decided"] > chance["decided"]
    fewer, more = (samples_needed(math.log(1000), zeta, 0.1, 0.05) for zeta in (learnt["zeta"], 0.45))
    assert fewer < more / 10
    assert votes_needed(learnt["zeta"], 0.05) < votes_needed(0.45, 0.05)


def test_lists_of_either_intervention_have_a_true_value(known):
    truth, world, lists = known
    split = make_split([lists.items[lists.owners == user][:4].tolist() for user in range(60)], 40)
    for strategy in ("l", "r"):
        torch.manual_seed(0)
        done = augment(strategy, BPR(60, 40, 4), split, world, SETTINGS, run())
        most, least = (
            true_value(truth, done.first.users.numpy(), each.numpy()).mean()
            for each in (done.first.positives, done.first.others)
        )
        assert most > least + 0.3  # of two items


def test_a_held_out_choice_is_not_learnt(known):
    """An item held out of every user is shown to nobody in the blocks that the simulator reads."""
    _, _, lists = known
    users = torch.arange(60).numpy()
    left = without(lists, users, torch.full((60,), 7).numpy())
    assert 7 in lists.items and 7 not in left.items
    cut = blocks(left, 5)
    assert not (cut.items[cut.shown] == 7).any() and cut.shown.sum() == len(left.items)
