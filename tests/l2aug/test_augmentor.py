"""Eqs. 3 and 4 by hand, and what the augmentor may see."""

import math

import pytest
import torch

from methods.l2aug.augmentor import FLOOR, Augmentor


def by_hand(form):
    """One dimension, all matrices 1, position vectors 0: the vectors of items 0, 1, 2 are 1, 2, -1."""
    augmentor = Augmentor(3, 1, 4, 2, form).double()
    with torch.no_grad():
        augmentor.items.weight.copy_(torch.tensor([[1.0], [2.0], [-1.0]]))
        augmentor.positions.weight.zero_()
        for matrix in (augmentor.query, augmentor.key, augmentor.value):
            matrix.weight.fill_(1)
        augmentor.act.weight.copy_(torch.tensor([[0.0], [1.0]]))
    return augmentor


def test_the_softmax_form_on_three_items():
    e = math.exp
    second = (e(2) * 1 + e(4) * 2) / (e(2) + e(4))
    third = (e(-1) * 1 + e(-2) * 2 + e(1) * -1) / (e(-1) + e(-2) + e(1))
    states = by_hand("softmax").states(torch.tensor([[0, 1, 2]]))[0, :, 0]
    torch.testing.assert_close(states, torch.tensor([1.0, second, third], dtype=torch.float64))


def test_the_printed_form_on_three_items():
    second = (2 * 1 + 4 * 2) / (2 + 4)
    third = (-1 * 1 + -2 * 2 + 1 * -1) / (-1 - 2 + 1)
    augmentor = by_hand("printed")
    states = augmentor.states(torch.tensor([[0, 1, 2]]))[0, :, 0]
    torch.testing.assert_close(states, torch.tensor([1.0, second, third], dtype=torch.float64))
    assert augmentor.floored == 0


def test_a_sum_of_nothing_is_moved_to_the_floor_and_counted():
    augmentor = by_hand("printed")
    states = augmentor.states(torch.tensor([[0, 2]]))[0, :, 0]  # products -1 and 1
    torch.testing.assert_close(states, torch.tensor([1.0, (-1 * 1 + 1 * -1) / FLOOR], dtype=torch.float64))
    assert augmentor.floored == 1


def test_the_policy_is_the_softmax_of_the_states():
    policy = by_hand("softmax")(torch.tensor([[0, 1, 2]]))
    torch.testing.assert_close(policy.exp().sum(2), torch.ones(1, 3, dtype=torch.float64))
    assert float(policy[0, 0, 1].exp().detach()) == pytest.approx(1 / (1 + math.exp(-1)))


@pytest.mark.parametrize("form", ["softmax", "printed"])
def test_nothing_behind_a_position_moves_its_state(form):
    torch.manual_seed(1)
    augmentor = Augmentor(20, 8, 10, 2, form).double()
    items = torch.randint(20, (5, 10))
    states = augmentor.states(items)
    for place in range(9):
        other = items.clone()
        other[:, place + 1 :] = torch.randint(20, (5, 9 - place))
        torch.testing.assert_close(augmentor.states(other)[:, : place + 1], states[:, : place + 1])
        torch.testing.assert_close(augmentor.states(items[:, : place + 1]), states[:, : place + 1])
