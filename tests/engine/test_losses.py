import pytest
import torch
import torch.nn.functional as F
from torch import nn

from methods.engine import losses
from methods.engine.recommender import SequentialRecommender


class Bare(SequentialRecommender):
    def __init__(self, catalogue, dim):
        super().__init__()
        self.item_embedding = nn.Embedding(catalogue, dim)


@pytest.mark.parametrize("size", [1, 40])  # logits that exp holds as they are, and logits that it does not
def test_softmax_loss_and_gradients_equal_the_plain_form_in_chunks(monkeypatch, size):
    monkeypatch.setattr(losses, "LEAST_ROWS", 3)  # three rows at a time, the last chunk smaller
    monkeypatch.setitem(losses.LOGITS_AT_ONCE, "cpu", 0)
    torch.manual_seed(1)
    model = Bare(11, 4).double()
    states = (size * torch.randn(7, 4, dtype=torch.double)).requires_grad_()
    targets = torch.randint(11, (7,))
    parameters = [states, model.item_embedding.weight]
    plain = F.cross_entropy(model.item_scores(states), targets, reduction="sum") / 5
    ours = losses.softmax_loss(model, states, targets, 5)
    torch.testing.assert_close(ours, plain)
    for found, expected in zip(
        torch.autograd.grad(3 * ours, parameters), torch.autograd.grad(3 * plain, parameters), strict=True
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("size", [0.5, 7.0, 30.0])
def test_softmax_loss_in_single_precision_stays_near_the_exact_one(size):
    torch.manual_seed(1)
    model = Bare(500, 8)
    states, targets = size * torch.randn(40, 8), torch.randint(500, (40,))
    with torch.no_grad():
        exact = F.cross_entropy(states.double() @ model.item_embedding.weight.double().T, targets, reduction="sum")
        found = losses.softmax_loss(model, states, targets)
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=0)


def test_single_precision_gradients_stay_near_the_exact_ones_in_chunks_of_any_size():
    torch.manual_seed(1)
    model = Bare(7_000, 8)  # 96 rows at a time: two chunks and a part of one
    states, targets = torch.randn(200, 8, requires_grad=True), torch.randint(7_000, (200,))
    exact, table = states.detach().double().requires_grad_(), model.item_embedding.weight.detach().double()
    table.requires_grad_()
    expected = torch.autograd.grad(F.cross_entropy(exact @ table.T, targets), [exact, table])
    found = torch.autograd.grad(losses.softmax_loss(model, states, targets, 200), [states, model.item_embedding.weight])
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine.double(), other, rtol=1e-4, atol=3e-7)


def test_sampled_loss_is_equation_1_and_never_draws_the_target():
    model = Bare(3, 4).double()
    states, targets = torch.randn(50, 4, dtype=torch.double), torch.zeros(50, dtype=torch.int64)
    found = losses.sampled_loss(model, states, targets, 400, torch.Generator().manual_seed(1))
    probability = torch.sigmoid(model.item_scores(states))
    positive = -torch.log(probability[:, 0]).sum()
    # 400 negatives over the two other items: near their mean, and far from it if the target were drawn as well
    negative = -400 * torch.log(1 - probability[:, 1:]).mean(1).sum()
    torch.testing.assert_close(found, positive + negative, rtol=0.02, atol=0)
