import math

import pytest
import torch

from methods.fpmc.model import sbpr_loss
from tests.engine.conftest import make_split
from tests.methods.support import build, cycles, fitted, hit_rate, padding_changes_nothing, scores, spread

SPLIT = make_split([[0, 1], [2, 3, 4], [1]], 6)


def literal(model, user, last, item):
    ui, iu, il, li = (
        table.weight.tolist()
        for table in (model.user_embedding, model.item_for_user, model.item_for_last, model.last_embedding)
    )
    first = sum(a * b for a, b in zip(ui[user], iu[item], strict=True))
    return first + sum(a * b for a, b in zip(il[item], li[last], strict=True))


def test_scores_by_the_equation():
    model = spread(build("fpmc", SPLIT, embedding=3))
    found = scores(model, [[0, 5], [2, 4, 3]], users=[2, 0])
    for row, (user, last) in enumerate(((2, 5), (0, 3))):
        assert found[row].tolist() == pytest.approx([literal(model, user, last, item) for item in range(6)])


def test_loss_by_the_equation():
    model = spread(build("fpmc", SPLIT, embedding=3))
    samples = [(0, 1, 2, 4), (0, 1, 2, 5), (2, 3, 3, 0), (2, 3, 3, 1)]
    total = 0.0
    for user, last, item, other in samples:
        margin = literal(model, user, last, item) - literal(model, user, last, other)
        vectors = [model.user_embedding.weight[user], model.last_embedding.weight[last]]
        vectors += [table.weight[i] for table in (model.item_for_user, model.item_for_last) for i in (item, other)]
        total += -math.log(1 / (1 + math.exp(-margin))) + 0.3 * sum(v.square().sum().item() for v in vectors)
    batch = (torch.tensor([0, 2]), torch.tensor([1, 3]), torch.tensor([2, 3]), torch.tensor([[4, 5], [0, 1]]))
    assert sbpr_loss(model, *batch, 0.3).item() == pytest.approx(total / len(samples))


def test_padding_changes_nothing():
    padding_changes_nothing(spread(build("fpmc", SPLIT, embedding=3)), [[0, 1], [2, 3, 4], [1]])


def test_learns_what_follows_what():
    split, users, items = cycles()
    _, course = fitted(
        "fpmc", split, hit_rate(split, users, items, False), embedding=8, learning_rate=0.02, batch=64, epochs=30
    )
    assert course.curve[course.best_epoch - 1] > 0.9


def test_same_seed_same_bits():
    split, _, _ = cycles()
    first, again = (fitted("fpmc", split, embedding=4, epochs=2)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
