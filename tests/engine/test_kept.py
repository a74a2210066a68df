"""What is kept of a model's parameters is made again when, and only when, one of them has changed."""

import pytest
import torch
from torch import nn

from methods.engine.fit.adam import Adam
from methods.engine.layers.kept import Kept
from methods.engine.recommender import Recommender


def test_it_is_made_once_until_a_parameter_changes():
    weights, made = [torch.zeros(2), torch.ones(3)], []
    kept = Kept()

    def total() -> float:
        made.append(1)
        return sum(float(each.sum()) for each in weights)

    assert [kept.get(weights, total) for _ in range(3)] == [3.0] * 3
    assert len(made) == 1
    weights[0] += 1
    assert kept.get(weights, total) == 5.0
    weights[1] = torch.ones(4)
    assert kept.get(weights, total) == 6.0
    assert len(made) == 3


def test_products_follow_a_step_of_training_and_loaded_weights():
    torch.manual_seed(1)
    model, table, vectors = Recommender(), nn.Parameter(torch.randn(5, 3)), torch.randn(2, 3)
    optimizer = Adam([table], 0.1)
    for _ in range(3):
        with torch.no_grad():
            torch.testing.assert_close(model.products(vectors, table), vectors @ table.T)
        optimizer.step((vectors @ table.T).square().sum())
    with torch.inference_mode():
        table.copy_(torch.ones(5, 3))
        torch.testing.assert_close(model.products(vectors, table), vectors @ table.T)


@pytest.mark.parametrize("frozen", [True, False])
def test_products_pass_gradients(frozen):
    model, table = Recommender(), nn.Parameter(torch.randn(5, 3))
    with torch.inference_mode():
        model.products(torch.randn(2, 3), table)  # what is kept from here must not stand in the way
    table.requires_grad_(not frozen)
    vectors = torch.randn(2, 3, requires_grad=True)
    weigh = torch.randn(2, 5)
    wanted = [vectors] if frozen else [vectors, table]
    found = torch.autograd.grad((model.products(vectors, table) * weigh).sum(), wanted)
    torch.testing.assert_close(found[0], weigh @ table)
    if not frozen:
        torch.testing.assert_close(found[1], weigh.T @ vectors)


def test_a_tensor_in_the_place_of_one_that_is_gone_is_another():
    kept = Kept()
    for number in range(20):
        tensor = torch.full((1 << 20,), float(number))  # so large that its place is free at once
        assert kept.get([tensor], lambda own=tensor: own[0].item()) == number
        del tensor
