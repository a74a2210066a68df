import math

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.cdae.model import corrupted, users_loss
from methods.engine.data.split import Targets
from methods.evaluation.ranking import rank
from tests.engine.conftest import make_split
from tests.methods.support import CPU, build, fitted, hit_rate, padding_changes_nothing, scores, spread, two_groups

HISTORIES = [[0, 1], [2, 3, 4, 2], [1]]  # an item twice; nobody holds item 5
SPLIT = make_split(HISTORIES, 6)
FUNCTIONS = pytest.mark.parametrize("hidden_function", ["sigmoid", "identity"])


def make(**changes):
    return spread(build("cdae", SPLIT, embedding=3, **changes))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def literal_hidden(model, user, entries, function):
    """z_u = h(W^T y_u + V_u + b), entry by entry. entries: item -> its value in y."""
    w, v, b = model.input_embedding.weight.tolist(), model.user_embedding.weight.tolist(), model.hidden_bias.tolist()
    sums = [sum(y * w[item][f] for item, y in entries.items()) + v[user][f] + b[f] for f in range(3)]
    return [sigmoid(x) if function == "sigmoid" else x for x in sums]


def literal_output(model, hidden, item):
    weights = model.output_embedding.weight[item].tolist()
    return sum(a * z for a, z in zip(weights, hidden, strict=True)) + model.item_bias[item].item()


@FUNCTIONS
def test_scores_by_the_equation(hidden_function):
    model = make(hidden_function=hidden_function)
    for users in ([0, 1, 2], [2, 0, 1]):  # the history counts, and whose it is
        found = scores(model, HISTORIES, users)
        for row, user in enumerate(users):
            hidden = literal_hidden(model, user, dict.fromkeys(HISTORIES[row], 1.0), hidden_function)
            assert found[row].tolist() == pytest.approx([literal_output(model, hidden, item) for item in range(6)])


def test_the_users_vector_tells_users_of_one_history_apart():
    model = make()
    assert not torch.allclose(*scores(model, [[0, 1], [0, 1]], [0, 1]))
    with torch.no_grad():
        model.user_embedding.weight[1] = model.user_embedding.weight[0]
    torch.testing.assert_close(*scores(model, [[0, 1], [0, 1]], [0, 1]))


def literal_loss(model, users, pairs, function, kind, strength):
    """pairs: user -> [(held item, entry of y, sampled items)]."""
    total = 0.0
    for user in users:
        entries = {item: y for item, y, _ in pairs[user]}
        hidden = literal_hidden(model, user, entries, function)
        squares = sum(x * x for x in model.user_embedding.weight[user].tolist() + model.hidden_bias.tolist())
        for item, y, others in pairs[user]:
            if y > 0:
                squares += sum(x * x for x in model.input_embedding.weight[item].tolist())
            for target, label in [(item, 1.0), *((other, 0.0) for other in others)]:
                output = literal_output(model, hidden, target)
                if kind == "square":
                    total += (label - output) ** 2 / 2
                else:
                    total -= math.log(sigmoid(output) if label else 1 - sigmoid(output))
                squares += sum(x * x for x in model.output_embedding.weight[target].tolist())
                squares += model.item_bias[target].item() ** 2
        total += strength / 2 * squares
    return total


@FUNCTIONS
@pytest.mark.parametrize("kind", ["logistic", "square"])
@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_loss_and_its_gradient_by_finite_differences(hidden_function, kind, strength):
    model = make(hidden_function=hidden_function)
    pairs = {2: [(1, 1.25, [0, 5])], 1: [(2, 0.0, [1, 1]), (3, 1.25, [0, 5]), (4, 1.25, [5, 0])]}  # one item dropped
    users = [2, 1]
    rows = torch.tensor([0, 1, 1, 1])
    items, inputs, others = (torch.tensor([row[n] for user in users for row in pairs[user]]) for n in range(3))
    chosen = {"loss": kind, "regularisation": strength}
    loss = users_loss(model, torch.tensor(users), rows, items, inputs.double(), others, chosen)
    loss.backward()

    def slow():
        return literal_loss(model, users, pairs, hidden_function, kind, strength)

    assert loss.item() == pytest.approx(slow())
    for parameter in model.parameters():
        flat, step = parameter.data.view(-1), 1e-5
        for index in range(parameter.numel()):
            flat[index] += step
            up = slow()
            flat[index] -= 2 * step
            down = slow()
            flat[index] += step
            assert parameter.grad.view(-1)[index].item() == pytest.approx((up - down) / (2 * step), abs=1e-6)


def test_corruption_drops_a_share_and_keeps_the_mean():
    entries = corrupted(40000, 0.2, torch.Generator().manual_seed(0))
    assert set(entries.unique().tolist()) == {0.0, 1.25}
    assert (entries == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)  # five standard deviations
    assert entries.mean().item() == pytest.approx(1.0, abs=0.0125)
    assert (corrupted(100, 0.0, torch.Generator()) == 1).all()


def test_padding_and_order_change_nothing():
    model = make()
    padding_changes_nothing(model, [[0, 1], [2, 3, 4], [1]])
    torch.testing.assert_close(scores(model, [[4, 2, 3, 4]], [1]), scores(model, [[2, 3, 4]], [1]))


@FUNCTIONS
@pytest.mark.parametrize("loss", ["logistic", "square"])
def test_learns_two_groups_better_than_popularity(hidden_function, loss):
    split, users, items = two_groups()
    validate = hit_rate(split, users, items, True)
    _, course = fitted(
        "cdae", split, validate, hidden_function=hidden_function, loss=loss,
        embedding=8, learning_rate=0.02, batch=64, epochs=15, patience=15,
    )  # fmt: skip
    popular = fitted("popularity", split, validate)[1].curve[0]
    # chance: 5 of 30 unseen items; within the group: 5 of 10
    assert course.curve[course.best_epoch - 1] > 0.4 > popular + 0.1


def test_a_constant_model_gets_what_chance_gives():
    split, users, items = two_groups()
    model = build("cdae", split, embedding=4)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    assert hit_rate(split, users, items, True)(model) == pytest.approx(5 / 30)
    assert set(rank(model, split, Targets(torch.tensor(users), torch.tensor(items)), CPU).ties_kept) == {39}


@pytest.fixture
def deterministic():
    torch.set_deterministic_debug_mode("error")
    yield
    torch.set_deterministic_debug_mode("default")


def test_same_seed_same_bits_whatever_the_order_of_a_history(deterministic):
    split, _, _ = two_groups()
    rows = [split.items[a:b].tolist() for a, b in zip(split.offsets[:-1], split.offsets[1:], strict=True)]
    turned = make_split([[*row[::-1], row[0]] for row in rows], 40)  # one item twice, the set the same
    small = {"embedding": 4, "epochs": 2, "batch": 64}
    runs = ((1, split), (1, turned), (2, split))
    states = [fitted("cdae", data, seed=s, **small)[0].state_dict() for s, data in runs]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["input_embedding.weight"], states[2]["input_embedding.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_function": "relu"}, "hidden_function 'relu' is unknown; use one of sigmoid, identity"),
        ({"loss": "hinge"}, "loss 'hinge' is unknown; use one of logistic, square"),
        ({"corruption": 1.0}, "corruption is 1.0"),
    ],
)
def test_unknown_settings_are_refused(change, message):
    with pytest.raises(BadInput, match=message):
        build("cdae", SPLIT, **change)
