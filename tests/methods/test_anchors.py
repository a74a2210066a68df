"""Models with a state after every prefix, each against a literal transcription of its paper's equations."""

import importlib

import pytest
import torch

from methods.cards import load_card
from methods.engine.data.split import Targets
from methods.engine.recommender import Run, at_end
from methods.evaluation.ranking import rank
from tests.engine.conftest import make_split

ANCHORS = ("narm", "stamp", "sasrec", "gru4rec", "nextitnet", "caser")
CATALOGUE, LENGTH = 13, 7


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def make_model(name: str, **changes):
    torch.manual_seed(3)
    settings = load_card(name).configured({"embedding": 6, "max_length": LENGTH, **changes})
    model = importlib.import_module(f"methods.{name}.model").build(make_split([[0]], CATALOGUE), settings).double()
    for parameter in model.parameters():  # biases too, so that a forgotten one is noticed
        torch.nn.init.normal_(parameter, std=0.4)
    return model.eval()


def narm(model, x):
    """One prefix x (length, dim), by Li et al. 2017."""
    cell = model.recurrence
    hidden, states = torch.zeros(cell.hidden_size, dtype=x.dtype), []
    for item in x:
        i_r, i_z, i_n = (cell.weight_ih_l0 @ item + cell.bias_ih_l0).chunk(3)
        h_r, h_z, h_n = (cell.weight_hh_l0 @ hidden + cell.bias_hh_l0).chunk(3)
        update, candidate = torch.sigmoid(i_z + h_z), torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
        hidden = (1 - update) * candidate + update * hidden
        states.append(hidden)
    alphas = [
        model.weight.weight[0] @ torch.sigmoid(model.query.weight @ hidden + model.key.weight @ h) for h in states
    ]
    local = sum(alpha * h for alpha, h in zip(alphas, states, strict=True))
    return model.decoder.weight @ torch.cat([hidden, local])


def stamp(model, x):
    """One prefix x (length, dim), by Liu et al. 2018."""
    last, mean = x[-1], x.mean(0)
    alphas = [
        model.weight.weight[0]
        @ torch.sigmoid(model.key.weight @ item + model.last.weight @ last + model.mean.weight @ mean + model.mean.bias)
        for item in x
    ]
    memory = sum(alpha * item for alpha, item in zip(alphas, x, strict=True)) + mean * model.adds_mean
    session = torch.tanh(model.session.weight @ memory + model.session.bias)
    return session * torch.tanh(model.current.weight @ last + model.current.bias)


def sasrec(model, x):
    """One prefix x (length, dim), by Kang and McAuley 2018 and the residuals of their code."""

    def norm(layer, v):
        return (v - v.mean()) / torch.sqrt(v.var(unbiased=False) + layer.eps) * layer.weight + layer.bias

    dim = x.shape[1]
    inputs = [item * dim**0.5 + model.position_embedding.weight[place] for place, item in enumerate(x)]
    for block in model.blocks:
        (w_k, w_v), (b_k, b_v) = block.key_value.weight.chunk(2), block.key_value.bias.chunk(2)
        outputs = []
        for place, item in enumerate(inputs):
            normed = norm(block.attention_norm, item)
            query = block.query.weight @ normed + block.query.bias
            heads = []
            for head in range(block.heads):
                part = slice(head * dim // block.heads, (head + 1) * dim // block.heads)
                keys = torch.stack([(w_k @ other + b_k)[part] for other in inputs[: place + 1]])
                values = torch.stack([(w_v @ other + b_v)[part] for other in inputs[: place + 1]])
                weights = torch.softmax(keys @ query[part] / (dim / block.heads) ** 0.5, 0)
                heads.append(weights @ values)
            normed = norm(block.feed_forward_norm, normed + torch.cat(heads))
            inner = torch.relu(block.inner.weight @ normed + block.inner.bias)
            outputs.append(normed + block.outer.weight @ inner + block.outer.bias)
        inputs = outputs
    return norm(model.norm, inputs[-1])


def gru4rec(model, x):
    """One prefix x (length, dim), by Hidasi et al. 2016; torch's own layer with equal weights walks it."""
    own = model.recurrence
    layer = torch.nn.GRU(own.input_size, own.hidden_size, batch_first=True).double()
    layer.load_state_dict(own.state_dict())
    return model.project(layer(x[None])[1][0, 0])


def nextitnet(model, x):
    """One prefix x (length, dim), by Yuan et al. 2019, Figure 3 (b), position by position and filter by filter."""
    rows = list(x)
    for block in model.blocks:
        inputs = rows
        for layer, norm in zip(block.layers, block.norms, strict=True):
            filters = layer.linear.weight.chunk(3, dim=1)  # of the item 2 d back, d back, and here
            outputs = []
            for place in range(len(rows)):
                y = layer.linear.bias
                for matrix, back in zip(filters, (2 * layer.dilation, layer.dilation, 0), strict=True):
                    y = y + (matrix @ rows[place - back] if place >= back else 0)
                y = (y - y.mean()) / torch.sqrt(y.var(unbiased=False) + norm.eps) * norm.weight + norm.bias
                outputs.append(torch.relu(y))
            rows = outputs
        rows = [first + last for first, last in zip(inputs, rows, strict=True)]
    return rows[-1]


def caser(model, x):
    """One prefix x (length, dim), by Tang and Wang 2018, filter by filter (eqs. 3 to 8)."""
    length, dim = model.window, x.shape[1]
    image = torch.cat([torch.zeros(length, dim, dtype=x.dtype), x])[-length:]
    found = []
    for height, layer in enumerate(model.horizontal, start=1):
        for filt, bias in zip(layer.weight.view(-1, height, dim), layer.bias, strict=True):
            fired = [torch.relu((image[i : i + height] * filt).sum() + bias) for i in range(length - height + 1)]
            found.append(max(fired))
    downwards = [column @ image for column in model.vertical.weight]
    return torch.relu(model.join.weight @ torch.cat([torch.stack(found), *downwards]) + model.join.bias)


LITERAL = {"caser": caser, "narm": narm, "stamp": stamp, "sasrec": sasrec, "gru4rec": gru4rec, "nextitnet": nextitnet}
VARIANTS = [
    ("narm", {}), ("stamp", {}), ("stamp", {"adds_mean": True}), ("sasrec", {}), ("sasrec", {"heads": 2}),
    ("gru4rec", {}), ("gru4rec", {"hidden": 5, "output_table": "separate"}), ("nextitnet", {}),
    ("nextitnet", {"output_table": "separate", "dilations": [2]}), ("caser", {"window": 3}),
    ("caser", {"window": 2, "output_table": "separate"}),
]  # fmt: skip


@pytest.mark.parametrize("name, changes", VARIANTS)
def test_every_prefix_equals_the_papers_equations(name, changes):
    model = make_model(name, **changes)
    x = model.item_embedding(torch.randint(CATALOGUE, (3, LENGTH)))
    states = model.encode(x).states
    for row in range(3):
        for place in range(LENGTH):
            torch.testing.assert_close(states[row, place], LITERAL[name](model, x[row, : place + 1]))


@pytest.mark.parametrize("name, changes", VARIANTS)
@pytest.mark.parametrize("steps", [1, 3])
def test_a_branch_equals_the_whole_history_computed_anew(name, changes, steps):
    model = make_model(name, **changes)
    items = torch.randint(CATALOGUE, (4, LENGTH))
    rows, starts = torch.tensor([0, 3, 3, 1, 2]), torch.tensor([LENGTH - steps, 2, 0, 1, 3])
    own = torch.randn(len(rows), steps, 6, dtype=torch.double)
    trunk = model.encode(model.item_embedding(items))
    found = model.branch(trunk, rows, starts, own)
    for sample in range(len(rows)):
        prefix = model.item_embedding(items[rows[sample], : starts[sample]])
        whole = model.encode(torch.cat([prefix, own[sample]])[None]).states[0, -1]
        torch.testing.assert_close(found[sample], whole)


@pytest.mark.parametrize("name, changes", [*VARIANTS, ("sasrec", {"blocks": 0})])
def test_the_last_state_alone_is_that_of_the_whole_pass(name, changes):
    model = make_model(name, **changes)
    vectors, lengths = model.item_embedding(torch.randint(CATALOGUE, (4, LENGTH))), torch.tensor([1, 4, LENGTH, 2])
    torch.testing.assert_close(
        model.last_states(vectors, lengths), at_end(model.encode(vectors).states, lengths), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", ANCHORS)
def test_padding_changes_nothing(name):
    model = make_model(name)
    items, users, lengths = torch.randint(CATALOGUE, (3, LENGTH)), torch.arange(3), torch.tensor([2, 4, LENGTH])
    scores = model.score(users, items, lengths)
    for row, length in enumerate(lengths):
        alone = model.score(users[row : row + 1], items[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(scores[row : row + 1], alone)
        filled = items[row : row + 1].clone()
        filled[:, length:] = torch.randint(CATALOGUE, (1, LENGTH - length))
        torch.testing.assert_close(model.score(users[row : row + 1], filled, lengths[row : row + 1]), alone)


def planted_split():
    """Item i is always followed by item i + 1."""
    return make_split([[(start + step) % CATALOGUE for step in range(9)] for start in range(CATALOGUE)] * 3, CATALOGUE)


def trained(name, objective="softmax", seed=5):
    split = planted_split()
    card = {"embedding": 16, "learning_rate": 0.02, "batch": 64, "epochs": 25, "patience": 25}
    card |= {"outside": "target"} if "outside" in load_card(name).settings else {}  # others are all held out
    settings = load_card(name).configured(card, {"objective": objective, "max_length": 6})
    targets = Targets(torch.arange(split.users), (split.items[split.offsets[1:] - 1] + 1) % CATALOGUE)
    module, device = importlib.import_module(f"methods.{name}.model"), torch.device("cpu")
    torch.manual_seed(seed)
    model = module.build(split, settings)
    fitted = module.fit(
        model,
        split,
        settings,
        Run(seed, device, lambda m: float((rank(m, split, targets, device).above_kept == 0).mean())),
    )
    return model, fitted


@pytest.mark.parametrize("objective", ["softmax", "sampled"])
@pytest.mark.parametrize("name", ANCHORS)
def test_learns_a_planted_pattern(name, objective):
    _, fitted = trained(name, objective)
    assert max(fitted.curve) > 0.9


@pytest.mark.parametrize("name", ANCHORS)
def test_the_same_seed_gives_the_same_bits(name):
    first, second = trained(name)[0].state_dict(), trained(name)[0].state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
