"""What the demo's data are for: sequences whose next item is the true one help more than the same with random ones."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from datasets.synthetic.generate import World, generate
from datasets.synthetic.truth import Truth, true_next
from methods.cards import load_card
from methods.casr.drawing import draw_pool
from methods.casr.select import noise, oracle, select
from methods.casr.theory import label_accuracy
from methods.engine.data.split import Split, Targets
from methods.engine.data.windows import cut_windows
from methods.engine.recommender import Run
from methods.evaluation.metrics import per_user
from methods.evaluation.ranking import rank
from methods.stamp import model as stamp

CPU = torch.device("cpu")
WORLD = World(users=100, items=60, categories=6, shortest=6, longest=14)


@pytest.fixture(scope="module")
def world():
    """Histories without their last item, which is the target; and the truth behind them."""
    torch.set_num_threads(1)
    parsed = generate(WORLD)
    rows = parsed.interactions.sort_values(["user", "time"], kind="stable")
    last = ~rows["user"].duplicated(keep="last")
    train, held_out = rows[~last], rows[last]
    lengths = torch.tensor(train.groupby("user").size().to_numpy())
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    items = torch.tensor(train["item"].to_numpy())
    split = Split("made", items, offsets, torch.full((WORLD.items,), -1))
    targets = Targets(torch.tensor(held_out["user"].to_numpy()), torch.tensor(held_out["item"].to_numpy()))
    return split, targets, partial(true_next, Truth(**parsed.arrays["truth"]))


def ndcg(model, split, targets) -> float:
    ranks = rank(model, split, targets, CPU)
    return float(per_user("ndcg", 5, ranks.above_kept, ranks.ties_kept).mean())


def trained(split, targets, epochs, start=None, extra=None):
    changes = {"embedding": 16, "max_length": 14, "learning_rate": 0.02, "batch": 512}
    settings = load_card("stamp").configured(changes, {"epochs": epochs, "patience": epochs})
    torch.manual_seed(1)
    model = stamp.build(split, settings)
    if start is not None:
        model.load_state_dict(start.state_dict())
    stamp.fit(model, split, settings, Run(1, CPU, lambda current: ndcg(current, split, targets)), extra)
    return model


@pytest.fixture(scope="module")
def anchor(world):
    return trained(*world[:2], epochs=6)


def draw(world, anchor, seed):
    """What a heuristic sampler generates, and the same sequences with true and with random next items."""
    split, _, truth = world
    windows, settings = cut_windows(split, 14), load_card("casr").configured({"index": -1})
    pool = draw_pool("h", anchor, None, split, windows, settings, torch.Generator().manual_seed(seed), CPU)
    selected = select(pool, settings)
    blind = noise(selected, WORLD.items, torch.Generator().manual_seed(seed))
    return pool, settings, windows, oracle(selected, windows, truth), blind


def test_label_accuracy_tells_the_truth_from_noise(world, anchor):
    pool, settings, windows, informed, blind = draw(world, anchor, 1)
    known, unknown = (replace(pool, labels=branches.labels) for branches in (informed, blind))
    assert label_accuracy(known, settings, windows, world[2]) == 1.0
    assert label_accuracy(unknown, settings, windows, world[2]) < 0.1
    assert label_accuracy(unknown, settings, windows, world[2]) < label_accuracy(pool, settings, windows, world[2]) < 1


def test_a_sampler_that_knows_the_truth_beats_noise(world, anchor):
    split, targets, _ = world
    gains = []
    for seed in (1, 2):
        *_, informed, blind = draw(world, anchor, seed)
        with_truth, with_noise = (
            ndcg(trained(split, targets, 12, anchor, branches), split, targets) for branches in (informed, blind)
        )
        gains.append(with_truth - with_noise)
    assert sum(gains) / 2 > 0.02  # about 0.05 of NDCG@5
