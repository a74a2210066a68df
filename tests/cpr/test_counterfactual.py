import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from methods.bpr.model import BPR
from methods.cards import load_card
from methods.cpr import treatment as cpr
from methods.cpr.augment import augment
from methods.cpr.counterfactual import (
    Sets,
    build_lists,
    control_sets,
    counterfactuals,
    drawn,
    random_lists,
    training_sets,
)
from methods.cpr.policy import Policy, act
from methods.cpr.posterior import Gaussian
from methods.cpr.settings import check
from methods.cpr.target import pair_logits, retrain, set_losses
from methods.engine.treatment import Task
from methods.gmf.model import GMF
from methods.narm.model import build as narm
from tests.cpr.support import known_world, run, small_settings
from tests.engine.conftest import make_split

SPLIT = make_split([[0, 1, 2], [3, 4], [5, 6, 7], [8, 0], [1, 5], [2, 3, 8]], 9)


def test_a_list_holds_the_items_of_largest_score():
    world = known_world()
    model, alpha = world.simulator.exposure, world.alpha.mean
    actions = torch.randn(2, 6, 3, dtype=torch.float64)
    found = build_lists(model.requires_grad_(False), actions, alpha, 4)
    for step in range(2):
        for user in range(6):
            score = {
                item: sum(float(actions[step, user, d] * model.items.weight[item, d]) for d in range(3))
                + float(model.weight[item] * alpha[item])
                for item in range(9)
            }
            assert found[step, user].tolist() == sorted(score, key=score.get, reverse=True)[:4]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_k_most_and_k_least_probable_items(k):
    world = known_world()
    users, lists = torch.arange(6), torch.stack([torch.randperm(9)[:4] for _ in range(6)])
    choice = world.simulator.choice
    sets = training_sets(users, lists, choice.logits(users, lists, world.beta.mean), k)
    probable = choice.probabilities(users, lists, world.beta.mean)
    for row in range(6):
        chance = dict(zip(lists[row].tolist(), probable[row].tolist(), strict=True))
        order = sorted(chance, key=chance.get, reverse=True)
        assert sets.positives[row].tolist() == order[:k] and set(sets.others[row].tolist()) == set(order[-k:])
        expected = {(i, j) for i in order[:k] for j in order[-k:] if i != j}
        assert {
            (int(sets.positives[row, a]), int(sets.others[row, b])) for a, b in sets.pairs[row].nonzero()
        } == expected


def test_losses_are_equations_1_and_2():
    score = torch.randn(6, 9, dtype=torch.float64)
    sets = Sets(torch.tensor([0, 4]), torch.tensor([[1, 2, 3], [5, 6, 7]]), torch.tensor([[3, 4, 5], [7, 8, 0]]))

    def sigma(x):
        return 1 / (1 + math.exp(-x))

    pairwise, pointwise = [], []
    for row, user in enumerate((0, 4)):
        f = score[user].tolist()
        good, bad = sets.positives[row].tolist(), sets.others[row].tolist()
        pairwise.append(-sum(math.log(sigma(f[i] - f[j])) for i in good for j in bad if i != j))
        pointwise.append(-sum(math.log(sigma(f[i])) for i in good) - sum(math.log(1 - sigma(f[j])) for j in bad))

    def logits(users, items):
        return score[users].gather(1, items)

    assert set_losses(logits, sets, "pairwise").tolist() == pytest.approx(pairwise)
    assert set_losses(logits, sets, "pointwise").tolist() == pytest.approx(pointwise)


@given(count=st.integers(1, 20), catalogue=st.integers(5, 40), length=st.integers(1, 5), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_random_lists_repeat_no_item(count, catalogue, length, seed):
    lists = random_lists(count, catalogue, length, torch.Generator().manual_seed(seed))
    assert lists.shape == (count, length) and 0 <= lists.min() <= lists.max() < catalogue
    assert all(len(set(row)) == length for row in lists.tolist())


def test_lists_longer_than_the_catalogue_are_refused():
    with pytest.raises(BadInput, match="lists of 5 different items out of 4"):
        random_lists(3, 4, 5, torch.Generator())


def test_random_lists_hold_all_items_alike():
    lists = random_lists(20_000, 8, 2, torch.Generator().manual_seed(0))
    share = torch.bincount(lists.flatten(), minlength=8) / lists.numel()
    assert torch.allclose(share, torch.full((8,), 1 / 8), atol=0.01)


def test_a_round_has_lists_of_every_user_and_k_items_on_either_side():
    world, chosen = known_world(), small_settings(k=2, lists=3)
    policy = Policy(3, 4).double()
    for actions in (None, act(policy, world, chosen, torch.Generator().manual_seed(0))):
        sets = counterfactuals(world, actions, chosen, torch.Generator().manual_seed(1))
        assert torch.bincount(sets.users).tolist() == [3] * 6
        assert sets.positives.shape == sets.others.shape == (18, 2)
    assert control_sets(6, 9, chosen, torch.Generator().manual_seed(1)).positives.shape == (18, 2)


def targets():
    torch.manual_seed(0)
    return {"bpr": BPR(6, 9, 4), "gmf": GMF(6, 9, 4)}


@pytest.mark.parametrize("name", ["bpr", "gmf"])
def test_logits_of_pairs_are_those_of_the_catalogue(name):
    model, users = targets()[name], torch.tensor([0, 5])
    items = torch.tensor([[1, 8], [4, 4]])
    every = model.score(users, items, torch.tensor([2, 2]))
    assert torch.allclose(pair_logits(model)(users, items), every.gather(1, items), atol=1e-6)


def test_a_model_without_pairs_is_refused():
    with pytest.raises(TypeError, match="NARM"):
        pair_logits(narm(SPLIT, dict(load_card("narm").settings)))


@pytest.mark.parametrize("loss", ["pairwise", "pointwise"])
def test_generated_sets_alone_are_learnt(loss):
    model = targets()["bpr"]
    sets = Sets(torch.arange(6), torch.full((6, 1), 3), torch.full((6, 1), 7))
    chosen = small_settings(loss=loss, retrain_on="generated", rounds=60, retrain_learning_rate=0.05)
    retrain(model, SPLIT, chosen, run(), lambda generator: sets)
    score = model.score(torch.arange(6), torch.zeros(6, 1), torch.ones(6))
    assert (score[:, 3] > score[:, 7]).all()


def test_mixed_training_learns_the_observed_pairs_too():
    sets = Sets(torch.arange(6), torch.full((6, 1), 3), torch.full((6, 1), 7))
    gaps = {}
    for kind in ("mixed", "generated"):
        model = targets()["bpr"]
        chosen = small_settings(retrain_on=kind, rounds=60, retrain_learning_rate=0.05)
        retrain(model, SPLIT, chosen, run(), lambda generator: sets)
        score = model.score(torch.arange(6), torch.zeros(6, 1), torch.ones(6))
        held = torch.zeros(6, 9, dtype=torch.bool)
        held[SPLIT.owners, SPLIT.items] = True
        gaps[kind] = (score[held].mean() - score[~held].mean()).item()
    assert gaps["mixed"] > gaps["generated"] + 1


@pytest.mark.parametrize("strategy", ["l", "r", "control"])
@pytest.mark.parametrize("name", ["bpr", "gmf"])
def test_equal_seeds_give_equal_models(strategy, name):
    world = known_world()
    world.simulator.float()
    results = []
    for seed in (1, 1, 2):
        model = targets()[name]
        done = augment(strategy, model, SPLIT, None if strategy == "control" else world, small_settings(), run(seed))
        results.append((model, done))
    (first, done), (second, same), (third, _) = results
    assert torch.equal(first.item_embedding.weight, second.item_embedding.weight)
    assert not torch.equal(first.item_embedding.weight, third.item_embedding.weight)
    assert torch.equal(done.first.positives, same.first.positives) and done.fitted.epochs == 2
    assert len(done.rewards) == (3 if strategy == "l" else 0)


def test_an_unknown_strategy_is_refused():
    with pytest.raises(BadInput, match="one of l, r, control"):
        augment("m", targets()["bpr"], SPLIT, None, small_settings(), run())


@pytest.mark.parametrize("changes", [{"k": 4}, {"actions": 1}])
def test_settings_that_do_not_go_together_are_refused_by_name(changes):
    with pytest.raises(BadInput, match=f"CPR: {next(iter(changes))} is"):
        check(small_settings(**changes))


def spread_world(deviation: float):
    """A known world whose posteriors have this deviation, and not that of the prior."""
    world = known_world()
    wide = {
        name: Gaussian(each.mean, torch.full_like(each.mean, deviation))
        for name, each in (("alpha", world.alpha), ("beta", world.beta))
    }
    return replace(world, **wide)


def test_exogenous_variables_are_drawn_from_their_posteriors_and_not_from_the_prior():
    world, numbers = spread_world(0.2), torch.Generator().manual_seed(0)
    draws = [drawn(world, numbers) for _ in range(4000)]
    for found, posterior in zip(zip(*draws, strict=True), (world.alpha, world.beta), strict=True):
        values = torch.stack(found)
        torch.testing.assert_close(values.mean(dim=0), posterior.mean, atol=0.02, rtol=0)
        torch.testing.assert_close(values.std(dim=0), posterior.deviation, atol=0.02, rtol=0)


@pytest.mark.parametrize(("deviation", "differ"), [(0.0, False), (2.0, True)])
def test_rounds_differ_by_what_the_posterior_leaves_open(deviation, differ):
    """The same actions give the same lists, but for alpha."""
    world, actions = spread_world(deviation), torch.randn(2, 6, 3, dtype=torch.float64)
    rounds = [counterfactuals(world, actions, small_settings(), torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    assert torch.equal(rounds[0].lists, rounds[1].lists) != differ


@given(k=st.integers(1, 2), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_a_control_trains_on_pairs_of_different_items(k, seed):
    sets = control_sets(6, 9, small_settings(k=k), torch.Generator().manual_seed(seed))
    assert sets.pairs.all() and torch.bincount(sets.users).tolist() == [2] * 6
    assert len({tuple(row) for row in torch.cat([sets.positives, sets.others], dim=1).tolist()}) > 6


@pytest.mark.parametrize("epochs", [1, 5])
def test_a_control_trains_as_long_as_its_cell_although_nothing_rises(epochs):
    own = small_settings(patience=1, rounds=2, retrain_may_stay=False)
    task = Task("l", None, SPLIT, {"anchor": {}, "treatment": own}, None, targets().__getitem__, run(), 1)
    falling = replace(task, pretrained=lambda: targets()["bpr"], run=run(values=[9, 8, 7, 6, 5, 4]))
    done = cpr.retrain(replace(falling, control="control", treated={"epochs": epochs}))
    assert done.fitted.epochs == epochs
