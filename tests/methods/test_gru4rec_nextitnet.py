"""GRU4Rec step by step, what NextItNet sees, and what they train on: objectives, negatives, batches of sequences."""

import math

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.casr.drawing import draw_pool
from methods.engine.data.batches import Batches
from methods.engine.data.windows import cut_windows
from methods.engine.fit import training
from methods.engine.fit.losses import bpr_max_terms, top1_max_terms
from methods.engine.fit.trainer import Trainer
from methods.engine.recommender import SequentialRecommender
from tests.casr.support import card_settings
from tests.engine.conftest import make_split
from tests.methods.support import CPU, build, cycles, fitted, hit_rate, run, settings, spread


def test_gru4rec_by_its_equations_step_by_step():
    model = spread(build("gru4rec", make_split([[0]], 5), embedding=3, hidden=4)).eval()
    layer, x, hidden = model.recurrence, torch.randn(6, 3, dtype=torch.double), torch.zeros(4, dtype=torch.double)
    states = model.encode(x[None]).states[0]
    for item, state in zip(x, states, strict=True):
        i_r, i_z, i_n = (layer.weight_ih_l0 @ item + layer.bias_ih_l0).chunk(3)
        h_r, h_z, h_n = (layer.weight_hh_l0 @ hidden + layer.bias_hh_l0).chunk(3)
        update, candidate = torch.sigmoid(i_z + h_z), torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
        hidden = (1 - update) * candidate + update * hidden
        torch.testing.assert_close(state, model.project.weight @ hidden)


@pytest.mark.parametrize("length", [60, 200])
def test_nextitnet_sees_55_items_whatever_the_length(length):
    model = spread(build("nextitnet", make_split([[0]], 9), embedding=24)).eval()
    assert model.sees == model.max_length == 55
    vectors = torch.randn(1, length, 24, dtype=torch.double)
    state = model.encode(vectors).states[0, -1]

    def changed(back):
        other = vectors.clone()
        other[0, length - 1 - back] += 3
        return not torch.equal(model.encode(other).states[0, -1], state)

    assert not any(changed(back) for back in range(55, length, 4)) and changed(54) and changed(0)
    torch.testing.assert_close(model.encode(vectors[:, -55:]).states[0, -1], state)  # so it is ranked by them alone


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_top1_max_and_bpr_max_by_hand():
    target, one, two = 0.5, 1.0, -2.0
    weights = [math.exp(r) / (math.exp(one) + math.exp(two)) for r in (one, two)]
    pairs = list(zip(weights, (one, two), strict=True))
    logits = torch.tensor([[target, one, two]], dtype=torch.double)
    top1 = [s * (sigmoid(r - target) + sigmoid(r * r)) for s, r in pairs]
    assert top1_max_terms(logits)[0].tolist() == pytest.approx(top1)
    bpr = -math.log(sum(s * sigmoid(target - r) for s, r in pairs)) + sum(s * r * r for s, r in pairs)
    assert bpr_max_terms(logits)[0].tolist() == pytest.approx([bpr])


@pytest.mark.parametrize("objective", ["sampled", "top1-max", "bpr-max"])
def test_each_sampled_objective_learns(objective):
    split, users, items = cycles(items=12)
    chosen = {"embedding": 16, "hidden": 16, "learning_rate": 0.02, "batch": 64, "epochs": 20, "max_length": 6}
    _, found = fitted(
        "gru4rec", split, hit_rate(split, users, items, False), outside="target", negatives=4, objective=objective,
        **chosen,
    )  # fmt: skip
    assert found.best > 0.9


@pytest.mark.parametrize("name", ["gru4rec", "nextitnet"])
def test_no_negative_is_an_item_of_the_user_s_history(name, monkeypatch):
    split = make_split([[0, 1, 2, 3, 4, 5, 0, 1], [6, 7, 6, 7], [3, 8, 2]], 10)
    held = [set(range(6)), {6, 7}, {2, 3, 8}]
    drawn, step = set(), Trainer.step

    def watched(trainer, batch):
        for share in batch:
            assert share.others.shape == (len(share), 3)
            drawn.update((int(i), int(j)) for i, row in zip(share.targets, share.others, strict=True) for j in row)
        return step(trainer, batch)

    monkeypatch.setattr(training.Trainer, "step", watched)
    fitted(name, split, objective="sampled", negatives=3, epochs=30, patience=30, embedding=4, max_length=4)
    owners = {target: user for user, items in enumerate(held) for target in items - {2, 3}}
    assert all(other not in held[owners[target]] for target, other in drawn if target in owners)
    assert {other for target, other in drawn if target == 7} == set(range(10)) - {6, 7}  # and all others are


def test_a_user_who_has_every_item_is_refused_before_training():
    with pytest.raises(BadInput, match="user 1 has every item"):
        fitted("gru4rec", make_split([[0, 1], [0, 1, 2]], 3), objective="sampled", epochs=1)


def test_a_batch_of_sequences_counts_windows():
    windows = cut_windows(make_split([[i % 9] * (2 + i % 7) for i in range(50)], 9), 10)
    sizes = [
        len(share.windows)
        for batch in Batches(windows, None, 8, 1, CPU, by_windows=True).epoch(torch.Generator().manual_seed(1))
        for share in batch
    ]
    assert sorted(sizes) == [2, 8, 8, 8, 8, 8, 8]
    assert settings("gru4rec")["batch_of"] == "pairs" and run().seed == 1


def test_casr_refuses_what_it_cannot_continue_or_move():
    split = make_split([[0, 1, 2, 3]] * 3, 5)
    windows, numbers = cut_windows(split, 8), torch.Generator()
    with pytest.raises(BadInput, match="set its output_table to tied"):
        model = build("gru4rec", split, output_table="separate")
        draw_pool("h", model, None, split, windows, card_settings(), numbers, CPU)
    with pytest.raises(BadInput, match="cannot use BPR"):
        draw_pool("h", build("bpr", split), None, split, windows, card_settings(), numbers, CPU)
    assert isinstance(build("nextitnet", split), SequentialRecommender)
