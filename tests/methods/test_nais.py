import math

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.nais import model as nais
from tests.engine.conftest import make_split
from tests.methods.support import build, fitted, hit_rate, padding_changes_nothing, scores, spread, two_groups

HISTORIES = [[0, 1], [2, 3, 4, 2], [1]]  # an item twice; a history of one item
SPLIT = make_split(HISTORIES, 6)
ATTENTIONS = pytest.mark.parametrize("attention", nais.ATTENTIONS)


def make(attention, **changes):
    return spread(build("nais", SPLIT, embedding=3, hidden=2, attention=attention, **changes))


@torch.no_grad()
def literal(model, history, item):
    """yhat of `item`, by He et al. 2018, one history item at a time."""
    p = model.target_embedding.weight[item]
    numerator = denominator = 0.0
    for j in set(history) - {item}:
        q = model.history_embedding.weight[j]
        joint = p * q if model.attention == "prod" else torch.cat([p, q])
        f = model.out.weight[0] @ torch.relu(model.hidden.weight @ joint + model.hidden.bias)
        numerator += math.exp(f) * float(p @ q)
        denominator += math.exp(f)
    return (numerator / denominator**model.smoothing if denominator else 0.0) + float(model.item_bias[item])


@ATTENTIONS
@pytest.mark.parametrize("smoothing", [0.5, 1.0])
def test_scores_by_the_equation(attention, smoothing):
    model = make(attention, smoothing=smoothing)
    found = scores(model, HISTORIES)
    for row, history in enumerate(HISTORIES):
        assert found[row].tolist() == pytest.approx([literal(model, history, item) for item in range(6)])


@ATTENTIONS
def test_large_catalogues_go_in_stretches(attention, monkeypatch):
    model = make(attention)
    expected = scores(model, HISTORIES)
    for name, value in (("PAIRS_KEPT", 0), ("PAIRS_AT_ONCE", 12), ("VALUES_AT_ONCE", 20)):
        monkeypatch.setattr(nais, name, value)
    torch.testing.assert_close(scores(model, HISTORIES), expected)


def test_the_table_of_pairs_follows_the_weights():
    model = make("prod")
    before = scores(model, HISTORIES)
    with torch.no_grad():
        model.history_embedding.weight[2] += 1.0
    after = scores(model, HISTORIES)
    assert not torch.equal(before, after)
    assert after[1].tolist() == pytest.approx([literal(model, HISTORIES[1], item) for item in range(6)])


@ATTENTIONS
def test_training_predicts_what_ranking_scores(attention, monkeypatch):
    model = make(attention)
    history, mask = torch.tensor([[0, 1, 0], [2, 3, 4], [1, 0, 0]]), torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0]]) > 0
    targets = torch.tensor([[0, 4], [5, 3], [1, 2]])
    expected = scores(model, HISTORIES).gather(1, targets)
    torch.testing.assert_close(model.predict(history, mask, targets).detach(), expected)
    monkeypatch.setattr(nais, "TRAINED_AT_ONCE", 1)
    torch.testing.assert_close(nais._predict_in_chunks(model, history, mask, targets).detach(), expected)


@ATTENTIONS
def test_padding_changes_nothing(attention):
    padding_changes_nothing(make(attention), HISTORIES)


def test_an_empty_history_has_a_finite_gradient():
    model = make("prod")
    model.predict(torch.tensor([[1]]), torch.tensor([[True]]), torch.tensor([[1]])).sum().backward()
    assert all(torch.isfinite(each.grad).all() for each in model.parameters() if each.grad is not None)


@ATTENTIONS
def test_learns_two_groups(attention):
    split, users, items = two_groups()
    _, course = fitted(
        "nais", split, hit_rate(split, users, items, True),
        attention=attention, embedding=8, hidden=4, learning_rate=0.02, batch=64, epochs=12,
    )  # fmt: skip
    assert course.curve[course.best_epoch - 1] > 0.4  # chance: 5 of 30 unseen items; within the group: 5 of 10


def test_same_seed_same_bits():
    split, _, _ = two_groups()
    first, again = (fitted("nais", split, embedding=4, hidden=2, epochs=2)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_unknown_attention_is_refused():
    with pytest.raises(BadInput, match="attention 'dot' is unknown; use one of prod, concat"):
        build("nais", SPLIT, attention="dot")
