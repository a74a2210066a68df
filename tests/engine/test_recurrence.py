"""The recurrence against torch's own: results, gradients, and gradients by finite differences."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn

from methods.engine.layers.recurrence import Recurrence

BATCH, STEPS, DIM, HIDDEN = 3, 5, 4, 6


def both(first: bool):
    torch.manual_seed(1)
    ours, theirs = Recurrence(DIM, HIDDEN).double(), nn.GRU(DIM, HIDDEN, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    vectors = torch.randn(BATCH, STEPS, DIM, dtype=torch.float64)
    return ours, theirs, vectors, torch.randn(1, BATCH, HIDDEN, dtype=torch.float64) if first else None


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("steps", [1, STEPS])
def test_results_and_gradients_are_those_of_torch(first, steps):
    ours, theirs, vectors, begin = both(first)
    weigh = torch.randn(BATCH, steps, HIDDEN, dtype=torch.float64)
    found = []
    for module in (ours, theirs):
        given = [vectors[:, :steps].clone().requires_grad_()]
        given += [begin.clone().requires_grad_()] if first else []
        hidden, last = module(*given)
        gradients = torch.autograd.grad((hidden * weigh).sum() + last.square().sum(), [*given, *module.parameters()])
        found.append([hidden.detach(), last.detach(), *gradients])
    for mine, others in zip(*found, strict=True):
        torch.testing.assert_close(mine, others)


def test_gradients_by_finite_differences():
    ours, _, vectors, begin = both(True)
    assert torch.autograd.gradcheck(lambda x, h: ours(x, h)[0], (vectors.requires_grad_(), begin.requires_grad_()))


def test_without_gradients_torch_answers_the_same():
    ours, _, vectors, _ = both(False)
    hidden, last = ours(vectors)
    with torch.no_grad():
        torch.testing.assert_close(ours(vectors)[0], hidden)
        torch.testing.assert_close(ours(vectors)[1], last)


def test_weights_that_are_frozen_get_no_gradient():
    ours, theirs, vectors, _ = both(False)
    for module in (ours, theirs):
        module.requires_grad_(False)
    mine, others = (
        torch.autograd.grad(module(given)[0].square().sum(), given)[0]
        for module, given in ((ours, vectors.clone().requires_grad_()), (theirs, vectors.clone().requires_grad_()))
    )
    torch.testing.assert_close(mine, others)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_in_single_precision_it_errs_as_little_as_torch(scale):
    torch.manual_seed(1)
    exact = nn.GRU(DIM, 37, batch_first=True).double()
    vectors = scale * torch.randn(BATCH, 20, DIM)
    found = []
    for module in (exact, Recurrence(DIM, 37), nn.GRU(DIM, 37, batch_first=True)):
        module.load_state_dict(exact.state_dict())
        given = vectors.to(module.weight_hh_l0.dtype).requires_grad_()
        hidden, _ = module(given)
        found.append([hidden.detach(), *torch.autograd.grad(hidden.square().sum(), [given, *module.parameters()])])
    for right, mine, others in zip(*found, strict=True):
        largest = float(right.abs().max())
        assert float((mine - right).abs().max()) <= 2 * float((others - right).abs().max()) + 1e-6 * largest


@settings(max_examples=40, deadline=None)
@given(some.integers(1, 9), some.integers(1, 4), some.integers(1, 13), some.integers(0, 2**32))
def test_any_number_of_rows_and_any_size_is_as_torch_has_it(rows, steps, hidden, seed):
    torch.manual_seed(seed)
    ours, theirs = Recurrence(DIM, hidden).double(), nn.GRU(DIM, hidden, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    vectors, begin = torch.randn(rows, steps, DIM).double(), torch.randn(1, rows, hidden).double()
    found = []
    for module in (ours, theirs):
        inputs = [vectors.clone().requires_grad_(), begin.clone().requires_grad_()]
        result, _ = module(*inputs)
        found.append([result.detach(), *torch.autograd.grad(result.square().sum(), [*inputs, *module.parameters()])])
    for mine, others in zip(*found, strict=True):
        torch.testing.assert_close(mine, others)


def test_equal_inputs_give_equal_bits():
    torch.manual_seed(1)
    module, vectors = Recurrence(DIM, 37), torch.randn(6, 20, DIM)

    def found():
        hidden, _ = module(vectors)
        return [hidden.detach(), *torch.autograd.grad(hidden.square().sum(), module.parameters())]

    assert all(torch.equal(one, other) for one, other in zip(found(), found(), strict=True))
