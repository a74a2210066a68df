"""The gradient of the expected reward, by all edits of a short sequence, by finite differences, and by samples."""

import itertools

import pytest
import torch

from methods.l2aug.augmentor import Augmentor
from methods.l2aug.estimator import advantages, draw, policy_loss

LENGTHS = torch.tensor([5, 3])
WIDTH = 5


@pytest.fixture
def given():
    torch.manual_seed(0)
    augmentor = Augmentor(9, 3, WIDTH, 2).double()
    items, inside = torch.randint(9, (2, WIDTH)), torch.arange(WIDTH) < LENGTHS[:, None]
    for parameter in augmentor.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    worth = torch.randn(2, WIDTH, dtype=torch.float64)
    weights = worth * inside

    def reward(actions):
        """Not a sum over items, so that no item's part can be read off alone. actions (edits, rows, width)."""
        return 0.7 + torch.tanh((actions * weights).sum((1, 2)))

    return augmentor, items, inside, reward


def every_edit(inside):
    places = torch.nonzero(inside)
    for bits in itertools.product([0, 1], repeat=len(places)):
        actions = torch.zeros(1, *inside.shape, dtype=torch.int64)
        actions[0, places[:, 0], places[:, 1]] = torch.tensor(bits)
        yield actions


def chance_of(policy, inside, actions):
    return (policy.gather(2, actions[0][..., None])[..., 0] * inside).sum().exp()


def expected(augmentor, items, inside, reward):
    policy = augmentor(items)
    return sum(chance_of(policy, inside, actions) * reward(actions)[0] for actions in every_edit(inside))


def by_all_edits(augmentor, items, inside, reward):
    """The estimator's gradient, each edit by its chance."""
    policy = augmentor(items)
    total = sum(
        chance_of(policy, inside, each).detach() * policy_loss(policy, inside, each, reward(each))
        for each in every_edit(inside)
    )
    return [-part for part in torch.autograd.grad(total, list(augmentor.parameters()))]


def test_the_mean_over_all_edits_is_the_slope_of_the_expected_reward(given):
    augmentor, items, inside, reward = given
    found = by_all_edits(*given)
    for parameter, slopes in zip(augmentor.parameters(), found, strict=True):
        flat = parameter.data.view(-1)
        for place in range(0, len(flat), 4):
            kept, values = float(flat[place]), []
            for move in (1e-5, -1e-5):
                flat[place] = kept + move
                with torch.no_grad():
                    values.append(float(expected(augmentor, items, inside, reward)))
            flat[place] = kept
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(float(slopes.flatten()[place]), abs=1e-5)


@pytest.mark.parametrize(("baseline", "edits"), [("none", 1), ("others", 4)])
def test_the_mean_of_samples_is_that_gradient(given, baseline, edits):
    augmentor, items, inside, reward = given
    wanted = torch.cat([part.flatten() for part in by_all_edits(*given)])
    generator, samples = torch.Generator().manual_seed(5), []
    parameters = list(augmentor.parameters())
    for _ in range(1500):
        policy = augmentor(items)
        actions = draw(policy, edits, generator)
        loss = policy_loss(policy, inside, actions, advantages(reward(actions), baseline))
        samples.append(-torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)]))
    samples = torch.stack(samples)
    # along random directions, so that three standard errors are asked of few numbers
    directions = torch.randn(len(wanted), 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    along = samples @ directions
    error = along.std(0) / len(along) ** 0.5
    assert ((along.mean(0) - wanted @ directions).abs() < 3 * error).all()
    assert (error * 3 < (wanted @ directions).abs()).any()  # so many that it is told from 0


def test_the_others_are_the_baseline():
    found = advantages(torch.tensor([1.0, 2.0, 6.0]), "others")
    torch.testing.assert_close(found, torch.tensor([1 - 4.0, 2 - 3.5, 6 - 1.5]))
