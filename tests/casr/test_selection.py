"""What of a pool becomes training data, its controls, and its card."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datasets.pipeline.errors import BadInput
from datasets.synthetic.truth import Truth, true_next
from methods.casr import treatment as casr
from methods.casr.description import describe, heldout_overlap
from methods.casr.select import control, histories, keeps, noise, oracle, select
from methods.casr.theory import label_accuracy
from methods.engine.data.split import Targets
from methods.engine.data.windows import cut_windows
from methods.engine.fit.sample_complexity import samples_needed
from methods.engine.recommender import Fitted, Run
from methods.engine.treatment import Task
from tests.casr.support import tiny_split

CPU = torch.device("cpu")
STRATEGIES = pytest.mark.parametrize("strategy", ["h", "d", "m"])


@STRATEGIES
def test_kappa(draw, settings, strategy):
    pool = draw(strategy)
    assert len(select(pool, settings(kappa=1.0))) == 0
    middle = float(pool.confidence.median())
    kept = keeps(pool, settings(kappa=middle))
    assert 0 < int(kept.sum()) < int(keeps(pool, settings()).sum())
    assert (pool.confidence[kept] > middle).all()


def test_a_certain_sampler_is_not_above_kappa_1(draw, settings):
    pool = draw("h")
    pool.confidence.fill_(1.0)
    assert len(select(pool, settings(kappa=1.0))) == 0
    assert len(select(pool, settings(kappa=0.9))) == len(pool)


@STRATEGIES
def test_shares_are_nested_and_0_is_nothing(draw, settings, strategy):
    pool = draw(strategy)
    sizes, inner = [], torch.zeros(len(pool), dtype=torch.bool)
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        kept = keeps(pool, settings(share=share))
        assert (kept | ~inner).all()
        sizes.append(int(kept.sum()))
        inner = kept
    assert sizes[0] == 0 < sizes[2] < sizes[-1]


def test_d_keeps_only_what_changed_the_next_item(draw, settings):
    pool = draw("d")
    # make the sampler's answers the observed ones for every other sequence
    pool = replace(pool, changed=torch.arange(len(pool)) % 2 == 0)
    kept = keeps(pool, settings())
    assert torch.equal(kept, pool.changed)
    assert describe_of(pool, settings())["refused_unchanged"] == len(pool) // 2
    real = draw("d")
    kept = keeps(real, settings())
    assert (real.labels[kept] != real.observed[kept]).all() and kept.any()
    assert (real.labels[~kept] == real.observed[~kept]).all()


def describe_of(pool, chosen):
    split = tiny_split([9, 2, 5, 1, 7, 4, 3])
    return describe(pool, chosen, split, cut_windows(split, 6))


def test_rounds_stand_beside_each_other(draw, settings):
    pool = draw("h", rounds=3)
    assert torch.equal(draw("h").items, pool.items[pool.rounds == 1])
    for number in (1, 2, 3):
        assert torch.equal(select(pool, settings(rounds=number)).items, pool.items[pool.rounds == number])


def test_a_pool_gives_only_what_was_drawn(draw, settings):
    pool = draw("h", share=0.5)
    for wrong in ({"share": 0.6}, {"share": 0.5, "rounds": 2}, {"share": 0.5, "index": -1}):
        with pytest.raises(BadInput, match="but the pool was drawn"):
            select(pool, settings(**wrong))


@STRATEGIES
def test_the_control_is_matched(world, draw, settings, strategy):
    chosen = settings(kappa=0.15)
    selected = select(draw(strategy), chosen)
    drawn = [
        control(selected, world.split, world.windows, chosen, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    ]
    matched = drawn[0]
    assert torch.equal(matched.windows, selected.windows) and torch.equal(matched.starts, selected.starts)
    assert matched.items.shape == selected.items.shape and matched.shift is None
    steps = matched.starts[:, None] + torch.arange(2)
    observed = world.windows.inputs[matched.windows[:, None], steps]
    assert torch.equal(matched.items[:, 1], observed[:, 1]) and (matched.items[:, 0] != observed[:, 0]).all()
    assert torch.equal(matched.labels, world.windows.targets[matched.windows, steps[:, 1]])
    assert torch.equal(matched.items, drawn[1].items) and not torch.equal(matched.items, drawn[2].items)


def test_random_replacements_are_uniform_over_c(world, settings):
    from methods.casr.candidates import candidate_sets

    uniform = torch.rand(30000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for choice, others in (("all", [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]), ("category", [1, 9])):
        drawn = candidate_sets(world.split, choice).draw(torch.full((30000,), 5), uniform)
        items, counts = torch.unique(drawn, return_counts=True)
        assert items.tolist() == others
        assert (counts / 30000 - 1 / len(others)).abs().max() < 0.02


def test_card_by_hand(world, draw, settings):
    pool = draw("d")
    chosen = settings(kappa=0.2, share=0.7)
    card = describe(pool, chosen, world.split, world.windows)
    rows = [row for row in range(len(pool)) if pool.priority[row] < 0.7]
    changed = [row for row in rows if pool.changed[row]]
    kept = [row for row in changed if pool.confidence[row] > 0.2]
    assert card["samples"] == 24
    assert card["too_short"] == sum(float(value) < 0.7 for value in pool.too_short)
    assert card["candidates"] == len(rows) == 24 - int((pool.priority >= 0.7).sum()) - len(pool.too_short)
    assert card["refused_unchanged"] == len(rows) - len(changed)
    assert card["refused_confidence"] == len(changed) - len(kept)
    assert card["size"] == len(kept) > 2
    assert card["refused_share"] == 1 - len(kept) / len(rows) and card["same_item"] == 0.0
    assert card["distance_mean"] == pytest.approx(sum(float(pool.distance[row]) for row in kept) / len(kept))
    confidence = sorted(float(pool.confidence[row]) for row in kept)
    assert card["confidence_quantiles"][::4] == [confidence[0], confidence[-1]]
    assert card["observed_label"] == 0.0
    same = [int(pool.original[row]) % 4 == int(pool.items[row, 0]) % 4 for row in kept]
    assert card["same_category"] == sum(same) / len(kept)


def test_duplicates_by_brute_force(world, draw, settings):
    pool = draw("h", seed=3)
    for share in (0.5, 1.0):
        # every sequence twice, and one history with two next items
        twice = replace(
            pool, **{
                name: torch.cat([getattr(pool, name)] * 2)
                for name in ("windows", "starts", "items", "labels", "confidence", "changed", "priority", "distance")
            },
            **{name: torch.cat([getattr(pool, name)] * 2) for name in ("original", "observed", "nearest", "rounds")},
        )  # fmt: skip
        twice.labels[-1] = (twice.labels[-1] + 1) % 12
        items, lengths = histories(select(twice, settings(share=share)), world.windows)
        labels = select(twice, settings(share=share)).labels
        seen = {
            (tuple(row[:length]), label)
            for row, length, label in zip(items.tolist(), lengths.tolist(), labels.tolist(), strict=True)
        }
        card = describe(twice, settings(share=share), world.split, world.windows)
        assert card["duplicates"] == len(labels) - len(seen) >= len(labels) // 2 - 1


def test_the_card_of_nothing(world, draw, settings):
    card = describe(draw("m"), settings(kappa=1.0), world.split, world.windows)
    assert card["size"] == 0 and card["refused_confidence_share"] == 1.0
    assert card["distance_mean"] is None and card["confidence_quantiles"] == [None] * 5


def test_overlap_with_held_out_items(world, draw, settings):
    pool = draw("h")
    targets = Targets(torch.tensor([0, 2]), torch.tensor([int(pool.labels[0]), int(pool.items[5, 0])]))
    users = world.windows.users[pool.windows].tolist()
    held_out = dict(zip(targets.users.tolist(), targets.items.tolist(), strict=True))
    labels = [held_out.get(user) == item for user, item in zip(users, pool.labels.tolist(), strict=True)]
    replaced = [held_out.get(user) == item for user, item in zip(users, pool.items[:, 0].tolist(), strict=True)]
    overlap = heldout_overlap(pool, settings(), world.windows, targets)
    assert overlap == {"labels": sum(labels) / len(pool), "replacements": sum(replaced) / len(pool)}
    assert overlap["labels"] > 0


@pytest.fixture
def truth(world):
    """A structural model over the world's users and items, and windows that hold whole histories."""
    random = np.random.default_rng(0)
    world.windows = cut_windows(world.split, 10)
    sizes = {"preference": (7, 2), "quality": (12, 2), "follow": (12, 2), "popularity": (12,), "noise": (7, 10, 12)}
    return partial(
        true_next, Truth(recency=np.array([1.0, 0.5]), **{k: random.normal(size=s) for k, s in sizes.items()})
    )


@STRATEGIES
def test_label_accuracy_sample_by_sample(world, draw, settings, truth, strategy):
    chosen = settings(kappa=0.15)
    pool = draw(strategy)
    right = []
    for row in torch.nonzero(keeps(pool, chosen))[:, 0].tolist():
        window, start = int(pool.windows[row]), int(pool.starts[row])
        history = world.windows.inputs[window, : start + 2].numpy().copy()
        history[start] = pool.nearest[row]
        true = truth(np.array([int(world.windows.users[window])]), history[None], np.array([start + 2]))
        right.append(int(true[0]) == int(pool.labels[row]))
    assert label_accuracy(pool, chosen, world.windows, truth) == pytest.approx(sum(right) / len(right))


def test_who_knows_the_truth_is_right(world, draw, settings, truth):
    pool = draw("h")
    selected = select(pool, settings())
    informed = replace(pool, labels=oracle(selected, world.windows, truth).labels)
    blind = replace(pool, labels=noise(selected, 12, torch.Generator().manual_seed(0)).labels)
    assert label_accuracy(informed, settings(), world.windows, truth) == 1.0
    assert label_accuracy(blind, settings(), world.windows, truth) < 0.5
    assert label_accuracy(pool, settings(kappa=1.0), world.windows, truth) is None


def test_the_truth_wants_whole_histories_and_real_items(world, draw, settings, truth):
    with pytest.raises(ValueError, match="virtual item"):
        oracle(select(draw("m"), settings()), world.windows, truth)
    world.windows = cut_windows(world.split, 6)
    with pytest.raises(BadInput, match="set max_length"):
        label_accuracy(draw("h"), settings(), world.windows, truth)


def test_theorem_1():
    # |H| = e^10, delta = 2 / e^2, epsilon = 0.1, eta = 0.25: 2 (10 + 2) / (0.01 * 0.25)
    assert samples_needed(10.0, 0.25, 0.1, 2 / np.e**2) == pytest.approx(9600.0)
    needed = [samples_needed(10.0, noise, 0.1, 0.05) for noise in (0.0, 0.2, 0.4, 0.49, 0.5, 0.9)]
    assert needed == sorted(needed) and needed[4:] == [float("inf")] * 2 and needed[3] < float("inf")
    with pytest.raises(ValueError):
        samples_needed(10.0, 0.2, 0.0, 0.05)


def retraining(draw, settings, world, **changes):
    """A retraining that writes down what its anchor is given."""
    given = []
    anchor = SimpleNamespace(fit=lambda *arguments, extra: given.append((arguments[2], extra)) or Fitted([0.1], 1))
    of = {"anchor": {"learning_rate": 0.5, "epochs": 9, "patience": 8, "max_length": 6}, "sampler": {"max_length": 6}}
    of["treatment"] = settings(retrain_learning_rate=0.25, retrain_epochs=3, retrain_patience=2)
    task = Task("h", draw("h"), world.split, of, anchor, lambda: None, Run(1, CPU, lambda model: 0.0), 1, **changes)
    casr.retrain(task)
    return given[0]


def test_a_retraining_has_its_own_learning_rate_and_budget(draw, settings, world):
    own, _ = retraining(draw, settings, world)
    assert [own[key] for key in ("learning_rate", "epochs", "patience")] == [0.25, 3, 2]


def test_a_control_is_retrained_as_long_as_its_cell_and_never_stops_early(draw, settings, world):
    own, extra = retraining(draw, settings, world, control="control", treated={"epochs": 7})
    assert [own[key] for key in ("learning_rate", "epochs", "patience")] == [0.25, 7, 7]
    cells = retraining(draw, settings, world)[1]
    assert len(extra) == len(cells) and not torch.equal(extra.items, cells.items)


def test_the_overlap_of_replacements_is_that_of_items_and_not_of_labels(world, draw, settings):
    pool = draw("h")
    users = world.windows.users[pool.windows]
    row = next(row for row in range(len(pool)) if pool.items[row, 0] not in pool.labels[users == users[row]])
    targets = Targets(users[row : row + 1], pool.items[row, 0][None])
    overlap = heldout_overlap(pool, settings(), world.windows, targets)
    assert overlap["labels"] == 0 and overlap["replacements"] >= 1 / len(pool)
