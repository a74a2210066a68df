import math

import numpy as np
import pytest
import torch

from methods.cpr.fit import posterior
from methods.cpr.posterior import elbo, fit_posterior
from methods.cpr.simulator import ListBatch
from tests.cpr.support import CPU, simulator, small_settings


def fitted(log_likelihood, dim, steps=400, draws=32):
    generator = torch.Generator().manual_seed(0)
    return fit_posterior(lambda values, _: log_likelihood(values), dim, steps, draws, 0.05, generator, CPU)


def test_a_conjugate_posterior_is_found():
    """Observations with known deviations: the posterior is Gaussian with independent parts, and q can be exact."""
    seen, spread = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 2.0])
    found, _ = fitted(lambda values: (-((seen - values) ** 2) / (2 * spread**2)).sum(dim=1), 2)
    precision = 1 + 1 / spread**2
    assert found.mean.tolist() == pytest.approx((seen / spread**2 / precision).tolist(), abs=0.03)
    assert found.deviation.tolist() == pytest.approx(precision.rsqrt().tolist(), abs=0.03)


def lists_of_two(first: int, second: int) -> ListBatch:
    """Lists of two items alike; the first place is chosen `first` times, the second `second` times."""
    chosen = torch.tensor([[True, False]] * first + [[False, True]] * second)
    zeros = torch.zeros_like(chosen, dtype=torch.int64)
    return ListBatch(zeros[:, 0], zeros, chosen, torch.ones_like(chosen))


@pytest.fixture
def choice():
    model = simulator(length=2).choice.float()
    torch.nn.init.ones_(model.weight)
    return model.requires_grad_(False)


def test_elbo_rises_to_just_below_the_evidence_and_the_mean_is_that_of_a_grid(choice):
    lists = lists_of_two(14, 6)
    axis = torch.linspace(-5, 5, 201)
    grid = torch.cartesian_prod(axis, axis)
    joint = choice.log_likelihood(lists, grid) - grid.square().sum(dim=1) / 2 - math.log(2 * math.pi)
    evidence = (joint.logsumexp(dim=0) + 2 * math.log(float(axis[1] - axis[0]))).item()
    mean = joint.softmax(dim=0) @ grid
    found, curve = fitted(lambda values: choice.log_likelihood(lists, values), 2)
    assert found.mean.tolist() == pytest.approx(mean.tolist(), abs=0.05)
    normal = torch.randn(4000, 2, generator=torch.Generator().manual_seed(5))
    likelihood = lambda values: choice.log_likelihood(lists, values)  # noqa: E731
    before = elbo(torch.zeros(2), torch.zeros(2), normal, likelihood).item()
    after = elbo(found.mean, found.deviation.log(), normal, likelihood).item()
    assert before + 1 < after < evidence and evidence - after < 0.5
    assert np.mean(curve[-50:]) > np.mean(curve[:10])


def test_abduction_action_prediction_gives_the_known_answer(choice):
    """A known beta decides; the simulator, told the tastes only, infers it and answers for a list that nobody saw."""
    generator = torch.Generator().manual_seed(1)
    true_beta = torch.tensor([1.0, -1.0])
    users, items = torch.zeros(3000, dtype=torch.int64), torch.randint(9, (3000, 2), generator=generator)
    drawn = torch.multinomial(choice.probabilities(users, items, true_beta), 1, generator=generator)
    chosen = torch.zeros(3000, 2, dtype=torch.bool).scatter_(1, drawn, True)
    lists = ListBatch(users, items, chosen, torch.ones_like(chosen))
    settings = small_settings(length=2, posterior_steps=300, posterior_batch=4000)
    found, _ = posterior(choice, lists, 2, settings, generator)  # abduction
    another = torch.tensor([[3, 5], [5, 3]])  # action: each list, and the same list the other way round
    user = torch.tensor([4, 4])
    taste = choice.logits(user, another, torch.zeros(2))
    expected = (taste + true_beta).softmax(dim=1)
    predicted = choice.probabilities(user, another, found.mean)  # prediction
    assert predicted.flatten().tolist() == pytest.approx(expected.flatten().tolist(), abs=0.03)
    without = choice.probabilities(user, another, torch.zeros(2))
    assert (without - expected).abs().max() > 0.1


def test_a_part_of_the_lists_gives_an_unbiased_likelihood(choice):
    lists, settings = lists_of_two(140, 60), small_settings(length=2, posterior_steps=400, posterior_draws=16)
    whole, _ = posterior(choice, lists, 2, settings, torch.Generator().manual_seed(0))
    part, _ = posterior(choice, lists, 2, settings | {"posterior_batch": 50}, torch.Generator().manual_seed(0))
    assert part.mean.tolist() == pytest.approx(whole.mean.tolist(), abs=0.1)
    assert part.deviation.tolist() == pytest.approx(whole.deviation.tolist(), rel=0.15)
    assert choice.items.weight.requires_grad  # given back as it was trained
