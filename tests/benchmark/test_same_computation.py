"""Both sides of a comparison compute the same thing."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from methods.cards import load_card
from methods.casr.candidates import candidate_sets
from methods.casr.drawing import draw_pool
from methods.casr.prefixes import frozen
from methods.engine.data.split import Targets
from methods.engine.data.windows import cut_windows
from methods.engine.fit.losses import softmax_loss
from methods.evaluation.metrics import summary
from methods.evaluation.ranking import rank
from tests.casr.support import TinyGRU, card_settings, tiny_split
from tests.engine.conftest import make_split
from workflow.benchmark import engine_side, floors, literal
from workflow.cells import steps

SPLIT = tiny_split([9, 4, 5, 7, 6, 3])


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def anchor(method):
    """A small model that is far from its start, so that nothing is hidden by small weights."""
    sizes = {name: 8 for name in ("embedding", "hidden") if name in load_card(method).settings}
    model = steps.build(method, SPLIT, load_card(method).configured(sizes), 1).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return model


def padded_prefixes():
    """The peer's form of the training data: a row for each prefix, filled up on the right, and its next item."""
    rows = []
    for user in range(SPLIT.users):
        history = SPLIT.items[SPLIT.offsets[user] : SPLIT.offsets[user + 1]].tolist()
        rows += [(history[:end], history[end]) for end in range(1, len(history))]
    longest = max(len(prefix) for prefix, _ in rows)
    items = torch.tensor([prefix + [0] * (longest - len(prefix)) for prefix, _ in rows])
    return items, torch.tensor([len(prefix) for prefix, _ in rows]), torch.tensor([target for _, target in rows])


@pytest.mark.parametrize("method", ["sasrec", "narm", "stamp"])
def test_one_pass_over_windows_has_the_loss_of_the_peer_s_rows(method):
    model, windows = anchor(method), cut_windows(SPLIT, 50)
    states = model.encode(model.item_embedding(windows.inputs)).states[windows.counts]
    ours = softmax_loss(model, states, windows.targets[windows.counts]) / int(windows.counts.sum())
    items, lengths, targets = padded_prefixes()
    last = model.encode(model.item_embedding(items)).states[torch.arange(len(items)), lengths - 1]
    # RecBole: CrossEntropyLoss(state @ item_embedding^T, target), the mean over rows
    peer = F.cross_entropy(last @ model.item_embedding.weight.T, targets)
    assert len(items) == int(windows.counts.sum())
    assert torch.allclose(ours, peer, rtol=1e-10)
    gradients = [torch.autograd.grad(loss, list(model.parameters()), allow_unused=True) for loss in (ours, peer)]
    for own, its in zip(*gradients, strict=True):
        assert (own is None and its is None) or torch.allclose(own, its, rtol=1e-8, atol=1e-12)


def test_counted_ranks_give_the_peer_s_ndcg():
    model = anchor("narm")
    targets = Targets(torch.arange(SPLIT.users), torch.tensor([3, 1, 4, 1, 5, 9]))
    ranks = rank(model, SPLIT, targets, torch.device("cpu"))
    peer = []
    for user, target in zip(targets.users, targets.items, strict=True):
        history = SPLIT.items[SPLIT.offsets[user] : SPLIT.offsets[user + 1]][None]
        scores = model.score(user[None], history, torch.tensor([history.shape[1]]))[0]
        best = scores.topk(5).indices.tolist()  # RecBole: the five best, 1 / log2(place + 1) of the target
        peer.append(1 / math.log2(best.index(int(target)) + 2) if int(target) in best else 0.0)
    assert 0 < sum(peer)
    assert summary(ranks.above_kept, ranks.ties_kept)["ndcg@5"] == pytest.approx(sum(peer) / len(peer))


@pytest.fixture
def world():
    sampler, other = TinyGRU(12, 5, seed=1), TinyGRU(12, 5, seed=2, scale=0.5)
    return SimpleNamespace(windows=cut_windows(SPLIT, 12), sampler=sampler.eval(), anchor=other.eval())


@pytest.mark.parametrize("strategy", ["d", "m"])
@pytest.mark.parametrize("index", [-1, -2])
def test_the_literal_search_finds_what_the_batched_one_finds(world, strategy, index):
    settings = card_settings(steps=4, index=index)
    pool = draw_pool(
        strategy, world.sampler, world.anchor, SPLIT, world.windows, settings, torch.Generator().manual_seed(1),
        torch.device("cpu"),
    )  # fmt: skip
    assert len(pool) > 5
    candidates = candidate_sets(SPLIT, settings["candidates"])
    samples = literal.samples_of(pool, world.windows, torch.arange(len(pool)))
    with frozen(world.sampler, world.anchor):
        for row, (history, place, label) in enumerate(samples):
            if strategy == "d":
                found = literal.data_oriented(world.sampler, candidates, history, place, label, settings)
                assert int(found) == int(pool.items[row, 0])
            else:
                found = literal.model_oriented(world.sampler, world.anchor, history, place, settings)
                assert torch.allclose(found, pool.shift[row], rtol=1e-6, atol=1e-9)


def test_the_floor_multiplies_every_pair_of_an_epoch_three_times(monkeypatch):
    rows = []
    monkeypatch.setattr(floors.torch, "mm", lambda a, b, out: rows.append(len(a)))
    world = SimpleNamespace(model=SimpleNamespace(item_embedding=torch.nn.Embedding(12, 5)), device=torch.device("cpu"))
    floors.softmax_products(world, 11, 4)
    assert rows == [4, 4, 4, 4, 3, 3]  # and the third adds up in place
    del rows[:]
    floors.rank_product(world, 9, 4)
    assert rows == [4, 4, 1]


def test_the_floor_of_a_search_has_two_products_of_each_gradient_and_table(monkeypatch):
    shapes = []
    monkeypatch.setattr(floors.torch, "mm", lambda a, b, out: shapes.append((*a.shape, b.shape[1])))
    world = SimpleNamespace(device=torch.device("cpu"))
    floors.search_products(world, [torch.zeros(12, 5), torch.zeros(12, 3)], 7, 4)
    assert shapes == [(4, 5, 12), (4, 12, 5), (3, 5, 12), (3, 12, 5), (4, 3, 12), (4, 12, 3), (3, 3, 12), (3, 12, 3)]


def test_the_floor_takes_its_fastest_chunk(monkeypatch):
    seconds = {64: 3.0, 96: 1.0, 128: 2.0, 192: 0.1}
    world = SimpleNamespace(
        data=SimpleNamespace(split=SimpleNamespace(catalogue=10)), timed=lambda do: (seconds[do()], None)
    )
    monkeypatch.setattr(floors, "CHUNKS", tuple(seconds))
    monkeypatch.setattr(floors, "MOST_SCORES", 1300)  # 192 rows make more
    assert floors.fastest_chunk(world, lambda count, rows: rows, 1_000_000) == 96


def test_every_pair_has_one_counterfactual_sequence():
    split = make_split([[3, 1, 4, 1, 5], [2], [6, 0]], 7)
    world = SimpleNamespace(data=SimpleNamespace(split=split), settings={"max_length": 3})
    extra, windows = engine_side.one_for_each_pair(world), cut_windows(split, 3)
    window, position = windows.samples
    assert len(extra) == 5 and torch.equal(extra.windows, window)
    assert torch.equal(extra.starts, (position - 1).clamp(min=0)) and extra.items.shape == (5, 2)
    assert (extra.starts + 2 <= 3).all() and int(extra.items.max()) < 7 and int(extra.labels.max()) < 7


def test_a_row_for_each_target_holds_every_pair_with_the_history_that_fits():
    split = make_split([[3, 1, 4, 1, 5], [2], [6, 0]], 7)
    rows = literal.row_for_each_target(split, 3)
    found = [
        (row[:length].tolist(), targets[place].item())
        for row, targets, place, length in zip(
            rows.inputs, rows.targets, rows.counts.int().argmax(1), rows.lengths.tolist(), strict=True
        )
    ]
    assert found == [([3], 1), ([3, 1], 4), ([3, 1, 4], 1), ([1, 4, 1], 5), ([6], 0)]
    assert rows.counts.sum(1).tolist() == [1] * 5 and rows.users.tolist() == [0, 0, 0, 0, 2]
    whole = cut_windows(split, 8)
    assert whole.counts.sum() == rows.counts.sum()
