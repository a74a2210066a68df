"""GMF, MLP, NeuMF and LightGCN against their equations, one pair of user and item at a time."""

import math

import pytest
import torch
from safetensors.torch import load, save

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Targets
from methods.engine.fit.pairs import fit_pairs, mean_loss, pairwise_loss, pointwise_loss
from methods.evaluation.ranking import rank
from methods.mlp import model as mlp
from methods.mlp.settings import widths
from methods.neumf import model as neumf
from tests.engine.conftest import make_split
from tests.methods.support import (
    CPU,
    build,
    fitted,
    hit_rate,
    padding_changes_nothing,
    run,
    scores,
    settings,
    spread,
    two_groups,
)

HISTORIES = [[0, 1], [2, 3, 4, 2], [1]]  # an item twice; nobody holds item 5
SPLIT = make_split(HISTORIES, 6)
PAIR_MODELS = pytest.mark.parametrize("name", ["gmf", "mlp", "neumf", "lightgcn"])
SMALL = {"gmf": {"embedding": 3}, "mlp": {"embedding": 4, "layers": 2}, "neumf": {"embedding": 4, "layers": 2}}
SMALL["lightgcn"] = {"embedding": 3, "layers": 2}


def make(name):
    return spread(build(name, SPLIT, **SMALL[name]))


def literal_gmf(model, user, item):
    p, q = model.user_embedding.weight[user].tolist(), model.item_embedding.weight[item].tolist()
    return sum(h * a * b for h, a, b in zip(model.out.weight[0].tolist(), p, q, strict=True))


def literal_mlp(model, user, item):
    z = model.user_embedding.weight[user].tolist() + model.item_embedding.weight[item].tolist()
    for layer in model.hidden:
        rows = zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        z = [max(0.0, bias + sum(w * x for w, x in zip(row, z, strict=True))) for row, bias in rows]
    return sum(h * x for h, x in zip(model.out.weight[0].tolist(), z, strict=True))


def literal_neumf(model, user, item):
    """Equation 12: one output vector over both parts' last layers."""
    p, q = model.gmf.user_embedding.weight[user].tolist(), model.gmf.item_embedding.weight[item].tolist()
    last = [a * b for a, b in zip(p, q, strict=True)]
    z = model.mlp.user_embedding.weight[user].tolist() + model.mlp.item_embedding.weight[item].tolist()
    for layer in model.mlp.hidden:
        rows = zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        z = [max(0.0, bias + sum(w * x for w, x in zip(row, z, strict=True))) for row, bias in rows]
    h = model.gmf.out.weight[0].tolist() + model.mlp.out.weight[0].tolist()
    return sum(a * b for a, b in zip(h, last + z, strict=True))


def literal_lightgcn(model, user, item):
    """Equations 3 to 5, neighbour by neighbour."""
    held = [set(history) for history in HISTORIES]
    holders = [{u for u in range(3) if i in held[u]} for i in range(6)]
    users, items = model.user_embedding.weight.tolist(), model.item_embedding.weight.tolist()
    user_sum, item_sum = list(users[user]), list(items[item])
    for _ in range(model.layers):
        next_users = [[0.0] * 3 for _ in range(3)]
        next_items = [[0.0] * 3 for _ in range(6)]
        for u in range(3):
            for i in held[u]:
                weight = 1 / (math.sqrt(len(held[u])) * math.sqrt(len(holders[i])))
                for f in range(3):
                    next_users[u][f] += weight * items[i][f]
                    next_items[i][f] += weight * users[u][f]
        users, items = next_users, next_items
        user_sum = [a + b for a, b in zip(user_sum, users[user], strict=True)]
        item_sum = [a + b for a, b in zip(item_sum, items[item], strict=True)]
    return sum(a * b for a, b in zip(user_sum, item_sum, strict=True)) / (model.layers + 1) ** 2


LITERAL = {"gmf": literal_gmf, "mlp": literal_mlp, "neumf": literal_neumf, "lightgcn": literal_lightgcn}


@PAIR_MODELS
def test_scores_by_the_equation(name):
    model = make(name)
    found = scores(model, [[0], [2, 3]], users=[2, 0])
    for row, user in enumerate((2, 0)):
        assert found[row].tolist() == pytest.approx([LITERAL[name](model, user, item) for item in range(6)])


@PAIR_MODELS
def test_training_predicts_what_ranking_scores(name):
    model = make(name)
    items = torch.tensor([[5, 0], [1, 1], [3, 2]])
    torch.testing.assert_close(model.logits(torch.arange(3), items).detach(), scores(model, HISTORIES).gather(1, items))


@PAIR_MODELS
def test_history_and_padding_change_nothing(name):
    model = make(name)
    padding_changes_nothing(model, [[0, 1], [2, 3, 4], [1]])
    torch.testing.assert_close(scores(model, [[5], [0]], [1, 2]), scores(model, [[2, 3], [4]], [1, 2]))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def literal_loss(name, model, users, items, others, objective, strength):
    """CPR's equations 1 and 2 with the squares of all vectors of a term, term by term; the mean."""
    terms = []
    tables = (model.gmf, model.mlp) if name == "neumf" else (model,)

    def squares(kind, index):
        return sum(v * v for part in tables for v in getattr(part, f"{kind}_embedding").weight[index].tolist())

    def f(user, item):
        return LITERAL[name](model, user, item)

    for user, item, row in zip(users, items, others, strict=True):
        if objective == "pairwise":
            for other in row:
                theta = squares("user", user) + squares("item", item) + squares("item", other)
                terms.append(-math.log(sigmoid(f(user, item) - f(user, other))) + strength * theta)
        else:
            for target, label in [(item, 1), *((other, 0) for other in row)]:
                y = sigmoid(f(user, target))
                theta = squares("user", user) + squares("item", target)
                terms.append(-math.log(y if label else 1 - y) + strength * theta)
    return sum(terms) / len(terms)


@PAIR_MODELS
@pytest.mark.parametrize("objective", ["pointwise", "pairwise"])
@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_loss_and_its_gradient_by_finite_differences(name, objective, strength):
    model = make(name)
    batch = [0, 1, 1], [1, 2, 3], [[4, 5], [0, 1], [5, 5]]
    loss = mean_loss(model, *map(torch.tensor, batch), objective, strength)
    loss.backward()
    assert loss.item() == pytest.approx(literal_loss(name, model, *batch, objective, strength))
    for parameter in model.parameters():
        flat, gradient, step = parameter.data.view(-1), parameter.grad.view(-1), 1e-5
        for index in range(0, parameter.numel(), max(1, parameter.numel() // 6)):
            values = []
            for change in (step, -2 * step):
                flat[index] += change
                values.append(literal_loss(name, model, *batch, objective, strength))
            flat[index] += step
            assert gradient[index].item() == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-7)


def test_losses_of_several_held_and_other_items():
    held, others = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 3.0, 40.0]])
    pairs = [[-math.log(sigmoid(i - j)) for j in (0.5, 3.0, 40.0)] for i in (1.0, -2.0)]
    assert pairwise_loss(held, others)[0].tolist() == [pytest.approx(row) for row in pairs]
    points = [-math.log(sigmoid(1.0)), -math.log(sigmoid(-2.0)), *(-math.log(sigmoid(-x)) for x in (0.5, 3.0, 40.0))]
    assert pointwise_loss(held, others)[0].tolist() == pytest.approx(points)


@PAIR_MODELS
@pytest.mark.parametrize("objective", ["pointwise", "pairwise"])
def test_learns_two_groups_better_than_popularity(name, objective):
    split, users, items = two_groups()
    validate = hit_rate(split, users, items, True)
    _, course = fitted(
        name, split, validate, objective=objective, embedding=8, learning_rate=0.02, batch=64, epochs=15, patience=15
    )
    popular = fitted("popularity", split, validate)[1].curve[0]
    # chance: 5 of 30 unseen items; within the group: 5 of 10
    assert course.curve[course.best_epoch - 1] > 0.4 > popular + 0.1


@PAIR_MODELS
def test_a_constant_model_gets_what_chance_gives(name):
    split, users, items = two_groups()
    model = build(name, split, embedding=4)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    assert hit_rate(split, users, items, True)(model) == pytest.approx(5 / 30)
    found = rank(model, split, Targets(torch.tensor(users), torch.tensor(items)), CPU)
    assert set(found.ties_kept) == {39} and set(found.above_kept) == {0}


@pytest.fixture
def deterministic():
    torch.set_deterministic_debug_mode("error")
    yield
    torch.set_deterministic_debug_mode("default")


@PAIR_MODELS
def test_same_seed_same_bits_whatever_the_order_of_a_history(name, deterministic):
    split, _, _ = two_groups()
    rows = [split.items[a:b].tolist() for a, b in zip(split.offsets[:-1], split.offsets[1:], strict=True)]
    turned = make_split([[*row[::-1], row[0]] for row in rows], 40)  # one item twice, the set the same
    small = {"embedding": 4, "epochs": 2, "batch": 64, "regularisation": 0.01}
    states = [fitted(name, data, seed=s, **small)[0].state_dict() for s, data in ((1, split), (1, turned), (2, split))]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not all(torch.equal(states[0][key], states[2][key]) for key in states[0])


@PAIR_MODELS
def test_weights_carry_everything(name):
    model, _ = fitted(name, SPLIT, epochs=1, **SMALL[name])
    other = build(name, SPLIT, **SMALL[name])
    other.load_state_dict(load(save(model.state_dict())))
    torch.testing.assert_close(scores(other, HISTORIES), scores(model, HISTORIES))


@PAIR_MODELS
def test_unknown_objective_is_refused(name):
    with pytest.raises(BadInput, match="objective 'listwise' is unknown; use one of pointwise, pairwise"):
        fitted(name, SPLIT, objective="listwise", **SMALL[name])


def test_large_catalogues_go_in_blocks(monkeypatch):
    model = make("mlp")
    expected = scores(model, HISTORIES)
    monkeypatch.setitem(mlp.VALUES_AT_ONCE, "cpu", 1)
    torch.testing.assert_close(scores(model, HISTORIES), expected)


def test_the_tower_is_halved():
    assert widths(32, 3) == [32, 16, 8]
    with pytest.raises(BadInput, match="embedding 2 cannot be halved 2 times"):
        widths(2, 3)


def test_pretraining_trains_both_parts_and_weighs_their_outputs(monkeypatch):
    started = []

    def watched(model, *arguments):
        started.append((type(model).__name__, {key: value.clone() for key, value in model.state_dict().items()}))
        return fit_pairs(model, *arguments)

    monkeypatch.setattr(neumf, "fit_pairs", watched)
    split, _, _ = two_groups()
    small = {"embedding": 4, "layers": 2, "epochs": 1, "batch": 64, "pretrained_share": 0.25}
    fitted("neumf", split, **small)
    assert [name for name, _ in started] == ["NeuMF"]
    started.clear()
    fitted("neumf", split, pretraining=True, **small)
    (first, gmf), (second, mlp_part), (last, both) = started
    assert (first, second, last) == ("GMF", "MLP", "NeuMF")
    expected = build("neumf", split, **small)
    for part, state, share in ((expected.gmf, gmf, 0.25), (expected.mlp, mlp_part, 0.75)):
        part.load_state_dict(state)
        fit_pairs(part, split, settings("neumf", **small), run())
        with torch.no_grad():
            part.out.weight *= share
    assert all(torch.equal(both[key], value) for key, value in expected.state_dict().items())
