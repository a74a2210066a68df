import math

import pytest
import torch

from methods.bpr.model import bpr_loss
from tests.engine.conftest import make_split
from tests.methods.support import build, fitted, hit_rate, padding_changes_nothing, scores, spread, two_groups

SPLIT = make_split([[0, 1], [2, 3, 4], [1]], 6)


def test_scores_by_the_equation():
    model = spread(build("bpr", SPLIT, embedding=3))
    w, h = model.user_embedding.weight.tolist(), model.item_embedding.weight.tolist()
    found = scores(model, [[0, 1], [2]], users=[2, 0])
    for row, user in enumerate((2, 0)):
        for item in range(6):
            assert found[row, item].item() == pytest.approx(sum(w[user][f] * h[item][f] for f in range(3)))


def literal_loss(w, h, triples, strength):
    total = 0.0
    for user, item, other in triples:
        x = sum(a * (b - c) for a, b, c in zip(w[user], h[item], h[other], strict=True))
        squares = sum(value * value for row in (w[user], h[item], h[other]) for value in row)
        total += -math.log(1 / (1 + math.exp(-x))) + strength * squares
    return total / len(triples)


def test_loss_and_its_gradient_by_finite_differences():
    model = spread(build("bpr", SPLIT, embedding=3))
    users, items, others = torch.tensor([0, 1, 1]), torch.tensor([1, 2, 3]), torch.tensor([[4, 5], [0, 1], [5, 5]])
    triples = [
        (u, i, j)
        for u, i, row in zip(users.tolist(), items.tolist(), others.tolist(), strict=True)
        for j in row
    ]  # fmt: skip
    loss = bpr_loss(model, users, items, others, 0.3)
    loss.backward()

    def slow():
        return literal_loss(model.user_embedding.weight.tolist(), model.item_embedding.weight.tolist(), triples, 0.3)

    assert loss.item() == pytest.approx(slow())
    for parameter in model.parameters():
        for index in range(parameter.numel()):
            flat, step = parameter.data.view(-1), 1e-5
            flat[index] += step
            up = slow()
            flat[index] -= 2 * step
            down = slow()
            flat[index] += step
            assert parameter.grad.view(-1)[index].item() == pytest.approx((up - down) / (2 * step), abs=1e-7)


def test_padding_changes_nothing():
    padding_changes_nothing(spread(build("bpr", SPLIT, embedding=3)), [[0, 1], [2, 3, 4], [1]])


def test_learns_two_groups():
    split, users, items = two_groups()
    _, course = fitted(
        "bpr", split, hit_rate(split, users, items, True), embedding=8, learning_rate=0.02, batch=64, epochs=30
    )
    assert course.curve[course.best_epoch - 1] > 0.4  # chance: 5 of 30 unseen items; within the group: 5 of 10


def test_same_seed_same_bits_other_seed_others():
    split, _, _ = two_groups()
    first, again, other = (fitted("bpr", split, seed=s, embedding=4, epochs=2)[0].state_dict() for s in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["item_embedding.weight"], other["item_embedding.weight"])
