import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import batch_holdings
from methods.engine.data.sampling import Negatives, other_items
from methods.engine.fit.stochastic import _batches, transitions
from tests.engine.conftest import make_split
from tests.methods.support import histories


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(histories())
def test_holdings_and_counts_and_steps(rows):
    split = make_split(rows, 8)
    held = split.held
    for user, row in enumerate(rows):
        assert held.items[held.offsets[user] : held.offsets[user + 1]].tolist() == sorted(set(row))
    flat = [item for row in rows for item in row]
    assert split.item_counts.tolist() == [flat.count(item) for item in range(8)]
    expected = [(user, *pair) for user, row in enumerate(rows) for pair in zip(row, row[1:], strict=False)]
    assert list(zip(*(each.tolist() for each in transitions(split)), strict=True)) == expected


def test_holdings_of_a_batch_ignore_padding():
    held = batch_holdings(torch.tensor([[3, 1, 3], [2, 0, 0]]), torch.tensor([3, 1]), 5)
    assert (held.rows.tolist(), held.items.tolist()) == ([0, 0, 1], [1, 3, 2])


@given(histories(), st.integers(0, 99))
@settings(max_examples=200)
def test_no_negative_is_held(rows, seed):
    rows = [row for row in rows if len(set(row)) < 8]
    if not rows:
        return
    users = torch.arange(len(rows)).repeat(3)
    drawn = Negatives(make_split(rows, 8).held, 8).draw(users, 20, generator(seed))
    assert drawn.shape == (len(users), 20)
    for user, items in zip(users.tolist(), drawn.tolist(), strict=True):
        assert not set(items) & set(rows[user])
        assert 0 <= min(items) <= max(items) < 8


@given(histories())
def test_every_lacking_item_is_as_likely_as_any_other(rows):
    """The map from the drawn number to the item is one to one; the number itself is uniform."""
    for user, row in enumerate(rows):
        lacking = sorted(set(range(8)) - set(row))
        if not lacking:
            continue
        negatives = Negatives(make_split(rows, 8).held, 8)
        drawn = negatives.draw(torch.full((len(lacking) * 400,), user), 1, generator())
        counts = torch.bincount(drawn.flatten(), minlength=8)
        assert (counts > 0).nonzero().flatten().tolist() == lacking
        # 400 expected each, standard deviation at most 20: five of them
        assert (counts[lacking] - 400).abs().max() < 100


def test_a_user_with_everything_is_an_error():
    negatives = Negatives(make_split([[0], [0, 1, 2]], 3).held, 3)
    negatives.draw(torch.tensor([0]), 1, generator())
    with pytest.raises(BadInput, match="user 1 has every item"):
        negatives.draw(torch.tensor([0, 1]), 1, generator())


def test_other_items_are_uniform_over_the_rest():
    drawn = other_items(torch.full((5000,), 2), 1, 4, generator())
    counts = torch.bincount(drawn.flatten(), minlength=4)
    assert counts[2] == 0 and (counts[[0, 1, 3]] - 5000 / 3).abs().max() < 170
    with pytest.raises(BadInput, match="single item"):
        other_items(torch.tensor([0]), 1, 1, generator())


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(1, 20), st.booleans())
def test_batches_hold_every_sample_once(widths, size, by_width):
    batches = _batches(len(widths), size, generator(), torch.tensor(widths) if by_width else None)
    assert sorted(torch.cat(batches).tolist()) == list(range(len(widths)))
    assert sorted(map(len, batches))[:-1][1:] == [size] * (len(batches) - 2) if len(batches) > 1 else True


def test_batches_by_width_hold_like_widths():
    widths = torch.arange(1600) % 40
    batches = _batches(1600, 10, generator(), widths)
    assert max(int(widths[batch].max() - widths[batch].min()) for batch in batches) <= 10
