"""NARM's states without padding, beside those of its pass over whole histories, and by finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from methods.engine.layers.dropout import drawing_from
from methods.narm.model import NARM
from methods.narm.packed import pack

CATALOGUE, LENGTH = 11, 6


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def narm(dropout: float = 0.0) -> NARM:
    torch.manual_seed(1)
    model = NARM(CATALOGUE, 4, 5, LENGTH, dropout, dropout).double()
    for parameter in model.parameters():  # the biases, too
        torch.nn.init.normal_(parameter, std=0.4)
    return model


@some.composite
def histories(draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Items and what is wanted of them (batch, length), and lengths; nothing is wanted behind a history's end."""
    lengths = draw(some.lists(some.integers(1, LENGTH), min_size=1, max_size=9))
    numbers = np.random.default_rng(draw(some.integers(0, 999)))
    shape = (len(lengths), max(lengths))
    wanted = (numbers.random(shape) < draw(some.sampled_from([0.2, 0.7, 1.0]))) & (
        np.arange(shape[1]) < np.array(lengths)[:, None]
    )
    items = numbers.integers(CATALOGUE, size=shape)
    return torch.from_numpy(items), torch.tensor(lengths), torch.from_numpy(wanted)


def places_of(wanted: torch.Tensor) -> torch.Tensor:
    return torch.nonzero(wanted.flatten())[:, 0]


@settings(max_examples=60)
@given(histories(), some.sampled_from([torch.float, torch.double]))
def test_states_and_gradients_are_those_of_the_pass_over_whole_histories(histories, dtype):
    model, (items, lengths, wanted) = narm().to(dtype), histories
    packed = model.states_at(model.item_embedding, items, lengths, places_of(wanted))
    padded = model.encode(model.item_embedding(items)).states[wanted]
    torch.testing.assert_close(packed, padded)
    weigh = torch.linspace(-1, 2, packed.numel(), dtype=dtype).view_as(packed)
    found, expected = (
        torch.autograd.grad((states * weigh).sum(), list(model.parameters()), materialize_grads=True)
        for states in (packed, padded)
    )
    tolerance = 1e-4 if dtype == torch.float else 1e-9
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=tolerance, atol=tolerance)


def test_nothing_behind_the_end_of_a_history_can_be_wanted():
    items = torch.zeros(2, 3, dtype=torch.int64)
    with pytest.raises(ValueError, match="behind the end"):
        pack(items, torch.tensor([3, 1]), torch.tensor([0, 1, 2, 3, 4]))
    with pytest.raises(ValueError, match="do not ascend"):
        pack(items, torch.tensor([3, 1]), torch.tensor([1, 0]))


def test_gradients_with_dropout_by_finite_differences():
    model = narm(dropout=0.3)
    items, lengths = torch.randint(CATALOGUE, (5, LENGTH)), torch.tensor([3, 6, 1, 2, 6])
    wanted = (torch.rand(5, LENGTH) < 0.8) & (torch.arange(LENGTH) < lengths[:, None])
    vectors = model.item_embedding(items).detach()[torch.arange(LENGTH) < lengths[:, None]].requires_grad_()

    def states(seed):
        with drawing_from(torch.Generator().manual_seed(seed)):
            return model.states_at(lambda items: vectors, items, lengths, places_of(wanted))

    assert torch.autograd.gradcheck(lambda *_: states(7), (vectors, *list(model.parameters())[1:]))
    assert not torch.allclose(states(7), states(8))


@given(histories())
def test_histories_are_laid_end_to_end(histories):
    items, lengths, wanted = histories
    packed = pack(items, lengths, places_of(wanted))
    inside = torch.arange(items.shape[1]) < lengths[:, None]
    assert packed.items.tolist() == items[inside].tolist()
    assert packed.offsets.tolist() == [0, *lengths.cumsum(0).tolist()]
    rows, places = np.nonzero(wanted.numpy())
    assert packed.begins.tolist() == packed.offsets[rows].tolist()
    assert packed.counts.tolist() == (places + 1).tolist()
    assert (packed.chosen == packed.begins + packed.counts - 1).all()
