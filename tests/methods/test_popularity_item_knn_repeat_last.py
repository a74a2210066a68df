"""The methods that count, against brute force."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from datasets.pipeline.errors import BadInput
from methods.item_knn import model as item_knn
from tests.engine.conftest import make_split
from tests.methods.support import build, fitted, histories, padding_changes_nothing, scores

COUNTING = ("popularity", "item-knn", "repeat-last", "markov-chain")


@given(histories(), histories())
def test_popularity(train, asked):
    model, _ = fitted("popularity", make_split(train, 8))
    flat = [item for row in train for item in row]
    for row in scores(model, asked).tolist():
        assert row == [flat.count(item) for item in range(8)]


@given(histories(), histories())
def test_repeat_last(train, asked):
    model, _ = fitted("repeat-last", make_split(train, 8))
    flat = [item for row in train for item in row]

    def place(history, item):
        return (len(history) - history[::-1].index(item), 0) if item in history else (0, flat.count(item))

    for history, row in zip(asked, scores(model, asked).tolist(), strict=True):
        places = [place(history, item) for item in range(8)]
        for a in range(8):
            for b in range(8):
                assert (row[a] > row[b]) == (places[a] > places[b])


def cosine(train, a, b):
    with_a, with_b = ({u for u, row in enumerate(train) if item in row} for item in (a, b))
    return len(with_a & with_b) / math.sqrt(len(with_a) * len(with_b)) if with_a and with_b else 0.0


@given(histories(), histories(), st.integers(1, 9))
def test_item_knn(train, asked, k):
    model, _ = fitted("item-knn", make_split(train, 8), neighbours=k)
    near = {}
    for j in range(8):
        others = [i for i in range(8) if i != j and cosine(train, i, j) > 0]
        near[j] = sorted(others, key=lambda i: (-round(cosine(train, i, j), 6), i))[:k]
    for history, row in zip(asked, scores(model, asked).tolist(), strict=True):
        expected = [sum(cosine(train, i, j) for j in set(history) if i in near[j]) for i in range(8)]
        assert row == pytest.approx(expected, abs=1e-5)


def test_item_knn_in_blocks(monkeypatch):
    split = make_split([[0, 1, 2], [1, 2, 3], [3, 4], [0, 4, 5]], 6)
    whole = fitted("item-knn", split, neighbours=3)[0].state_dict()
    monkeypatch.setattr(item_knn, "PAIRS_AT_ONCE", 8)
    blocks = fitted("item-knn", split, neighbours=3)[0].state_dict()
    assert all(torch.equal(whole[name], blocks[name]) for name in whole)


def test_item_knn_without_neighbours_is_refused():
    with pytest.raises(BadInput, match="neighbours is 0"):
        build("item-knn", make_split([[0]], 2), neighbours=0)


@given(histories(), histories(), st.sampled_from([0.5, 10.0]))
def test_markov_chain(train, asked, smoothing):
    model, _ = fitted("markov-chain", make_split(train, 8), smoothing=smoothing)
    flat = [item for row in train for item in row]
    steps = [pair for row in train for pair in zip(row, row[1:], strict=False)]
    for history, row in zip(asked, scores(model, asked).tolist(), strict=True):
        leaving = sum(last == history[-1] for last, _ in steps)
        expected = [
            (steps.count((history[-1], item)) + smoothing * flat.count(item) / len(flat)) / (leaving + smoothing)
            for item in range(8)
        ]
        assert row == pytest.approx(expected, abs=1e-6)
        assert sum(row) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", COUNTING)
def test_padding_changes_nothing(name):
    model, _ = fitted(name, make_split([[0, 1, 2, 1], [2, 3], [4, 1]], 6))
    padding_changes_nothing(model, [[0, 1], [5, 3, 4], [1]])


@pytest.mark.parametrize("name", COUNTING)
def test_weights_carry_everything(name):
    split = make_split([[0, 1, 2, 1], [2, 3], [4, 1]], 6)
    model, course = fitted(name, split, validate=lambda model: 0.25)
    assert (course.curve, course.best_epoch, course.stopped_early) == ([0.25], 1, True)
    other = build(name, split)
    other.load_state_dict(load(save(model.state_dict())))
    torch.testing.assert_close(scores(other, [[0, 1], [3]]), scores(model, [[0, 1], [3]]))
