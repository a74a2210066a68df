"""SASRec's ranking by products taken together beforehand, against the pass over all positions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.sasrec import folded
from methods.sasrec.model import SASRec

CATALOGUE, LENGTH = 23, 21


def make(dim: int, blocks: int, heads: int, seed: int, dtype: torch.dtype, std: float = 0.3) -> SASRec:
    torch.manual_seed(seed)
    model = SASRec(CATALOGUE, dim, LENGTH, blocks, heads, 0.3).to(dtype).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return model


def histories(count: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randint(CATALOGUE, (count, width)), torch.randint(1, width + 1, (count,))


def by_all_positions(model: SASRec, items: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    states = model.encode(model.item_embedding(items)).states[torch.arange(len(items)), lengths - 1]
    return states @ model.item_embedding.weight.T


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([2, 5, 16]),
    st.sampled_from([(2, 1), (3, 1), (1, 1), (0, 1)]),
    st.integers(1, 9),
    st.integers(1, LENGTH),
    st.integers(0, 99),
)
def test_scores_without_gradients_are_those_of_the_pass_over_all_positions(dim, shape, count, width, seed):
    model = make(dim, *shape, seed, torch.double)
    items, lengths = histories(count, width)
    with torch.inference_mode():
        found = model.score(torch.arange(count), items, lengths)
    torch.testing.assert_close(found, by_all_positions(model, items, lengths))


def test_so_they_are_in_float32_part_by_part_and_with_scores_beyond_an_exponential(monkeypatch):
    monkeypatch.setattr(folded, "POSITIONS_AT_ONCE", 3 * LENGTH)
    for std in (0.3, 3.0):
        model = make(16, 2, 1, 1, torch.float, std)
        items, lengths = histories(8, LENGTH)
        with torch.no_grad():
            found = model.score(torch.arange(8), items, lengths)
            expected = by_all_positions(model.double(), items, lengths).float()
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=2e-4 * float(expected.std()))


def test_a_change_of_any_parameter_is_seen():
    model = make(8, 2, 1, 1, torch.double)
    items, lengths = histories(4, LENGTH)
    for parameter in model.parameters():
        with torch.inference_mode():
            model.score(torch.arange(4), items, lengths)
        with torch.no_grad():
            parameter.add_(torch.randn_like(parameter))
            found = model.score(torch.arange(4), items, lengths)
        torch.testing.assert_close(found, by_all_positions(model, items, lengths))


def test_a_window_that_is_too_long_is_refused():
    model = make(8, 2, 1, 1, torch.double)
    items = torch.zeros(2, LENGTH + 1, dtype=torch.int64)
    with torch.no_grad(), pytest.raises(IndexError):
        model.score(torch.arange(2), items, torch.tensor([LENGTH + 1, 1]))
