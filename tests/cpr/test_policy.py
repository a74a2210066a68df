"""The gradient of equation 11, on a case small enough to write its expectation down."""

from dataclasses import replace

import pytest
import torch

from methods.cpr import policy as policies
from methods.cpr.counterfactual import build_lists, training_sets
from methods.cpr.policy import Policy, act, advantages, explore, fit_policy, score_function, tabulated
from methods.cpr.posterior import Gaussian
from methods.cpr.target import set_losses
from tests.cpr.support import known_world, small_settings

DEVIATION = 0.7


@pytest.fixture
def case():
    """One user, actions of one number: the list is a step function of the action."""
    world = known_world(exposure_embedding=1, length=3, seed=4)
    score = torch.randn(6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def logits(users, items):
        return score[users].gather(1, items)

    def rewards(actions):
        lists = build_lists(world.simulator.exposure, actions[:, None], world.alpha.mean, 3)
        users = torch.full((len(lists),), 2)
        chances = world.simulator.choice.logits(users, lists, world.beta.mean)
        return set_losses(logits, training_sets(users, lists, chances, 1), "pairwise")

    torch.manual_seed(0)
    return world, rewards, Policy(1, 3).double()


def expected_reward(world, rewards, mean):
    """The exact expectation: the normal probability of each stretch of actions between two that change the list."""
    model = world.simulator.exposure
    slope, shift = model.items.weight[:, 0].detach(), (model.weight * world.alpha.mean).detach()
    i, j = torch.triu_indices(9, 9, offset=1)
    breaks = ((shift[j] - shift[i]) / (slope[i] - slope[j])).sort().values
    edges = torch.cat([torch.tensor([-50.0]).double(), breaks, torch.tensor([50.0]).double()])
    value = rewards((edges[1:] + edges[:-1]) / 2)
    below = torch.distributions.Normal(mean, DEVIATION).cdf(edges)
    return ((below[1:] - below[:-1]) * value).sum()


def nodes(mean, count):
    """Actions at the midpoints of `count` stretches of equal probability, as (count, 1 user, 1)."""
    level = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.distributions.Normal(mean.detach(), DEVIATION).icdf(level)[:, None, None]


def test_the_policy_gradient_is_that_of_finite_differences(case):
    world, rewards, policy = case
    vector = world.simulator.exposure.users.weight[2:3].detach()
    means = policy(vector)
    actions = nodes(means[0, 0], 40_000)
    gain = rewards(actions[:, 0, 0])[:, None]
    assert gain.unique().numel() > 2  # the action matters
    found = torch.autograd.grad(score_function(means, actions, gain, DEVIATION) / len(actions), policy.parameters())
    step = 1e-5
    for parameter, gradient in zip(policy.parameters(), found, strict=True):
        for place in range(parameter.numel()):
            sides = []
            for sign in (1, -1):
                with torch.no_grad():
                    parameter.view(-1)[place] += sign * step
                    sides.append(expected_reward(world, rewards, policy(vector)[0, 0]).item())
                    parameter.view(-1)[place] -= sign * step
            difference = (sides[0] - sides[1]) / (2 * step)
            assert gradient.view(-1)[place].item() == pytest.approx(difference, rel=2e-3, abs=2e-4)


def test_the_baseline_leaves_the_mean_of_the_gradient_and_lowers_its_variance(case):
    """All pairs of two actions from a grid, each pair as one user's two actions."""
    _, rewards, _ = case
    mean = torch.zeros(1, dtype=torch.float64)
    grid = nodes(mean[0], 40)[:, 0, 0]
    actions = torch.cartesian_prod(grid, grid).T[:, :, None]  # (2, 1600, 1)
    reward = torch.stack([rewards(each[:, 0]) for each in actions])
    estimates = {}
    for baseline in ("none", "leave-one-out"):
        means = mean.expand(1600, 1).clone().requires_grad_()
        score = score_function(means, actions, advantages(reward, baseline), DEVIATION)
        estimates[baseline] = torch.autograd.grad(score, means)[0][:, 0] * 1600
    plain, reduced = estimates["none"], estimates["leave-one-out"]
    assert reduced.mean().item() == pytest.approx(plain.mean().item(), abs=1e-9)
    assert reduced.var() < plain.var()


def test_training_the_policy_raises_the_loss_of_the_target():
    world = known_world(exposure_embedding=3)
    world.simulator.float()
    score = 3 * torch.randn(6, 9, generator=torch.Generator().manual_seed(2))
    settings = small_settings(policy_steps=150, policy_learning_rate=0.03, actions=16, exploration=0.3)
    generator = torch.Generator().manual_seed(0)
    policy, curve = fit_policy(world, lambda users, items: score[users].gather(1, items), settings, generator)
    assert sum(curve[-10:]) > 1.2 * sum(curve[:10])
    again, same = fit_policy(
        world, lambda users, items: score[users].gather(1, items), settings, torch.Generator().manual_seed(0)
    )
    assert same == curve and torch.equal(policy.layers[0].weight, again.layers[0].weight)
    assert act(policy, world, settings, generator).shape == (settings["lists"], 6, 3)


def test_exploration_is_about_the_policy():
    means = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    actions = explore(means, 20_000, 0.1, torch.Generator().manual_seed(0))
    assert torch.allclose(actions.mean(dim=0), means, atol=0.01)
    assert torch.allclose(actions.std(dim=0), torch.tensor(0.1), atol=0.005)


def test_a_table_of_all_pairs_answers_as_the_model_does_and_is_made_only_where_it_pays():
    choice = known_world().simulator.choice
    users, items = torch.tensor([4, 0, 4]), torch.tensor([[8, 1], [0, 0], [3, 8]])
    read = tabulated(choice.taste, choice.users, choice.items, asked=6 * 9)
    torch.testing.assert_close(read(users, items), choice.taste(users, items))
    assert read != choice.taste
    assert tabulated(choice.taste, choice.users, choice.items, asked=6 * 9 - 1) == choice.taste


def test_each_step_of_the_policy_draws_what_the_posterior_leaves_open(monkeypatch):
    world = known_world(exposure_embedding=3)
    world.simulator.float()
    wide = {name: Gaussian(getattr(world, name).mean.float(), torch.tensor(0.5)) for name in ("alpha", "beta")}
    met = []
    monkeypatch.setattr(
        policies, "build_lists", lambda model, actions, alpha, length: met.append(alpha) or build_lists(
            model, actions, alpha, length))  # fmt: skip
    fit_policy(
        replace(world, **wide), lambda users, items: items.float(), small_settings(policy_steps=200),
        torch.Generator().manual_seed(0),
    )  # fmt: skip
    values = torch.stack(met)
    torch.testing.assert_close(values.mean(dim=0), wide["alpha"].mean, atol=0.15, rtol=0)
    assert abs(values.std(dim=0).mean().item() - 0.5) < 0.05


def test_the_lists_of_a_user_come_from_actions_that_differ():
    world, own = known_world(exposure_embedding=3), small_settings(lists=2000, exploration=0.3)
    actions = act(Policy(3, 4).double(), world, own, torch.Generator().manual_seed(0))
    torch.testing.assert_close(actions.std(dim=0), torch.full((6, 3), 0.3).double(), atol=0.03, rtol=0)
