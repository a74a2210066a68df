"""SASRec's ranking by products taken together beforehand, against the pass over all positions, and that pass on a CPU
against what torch records of a block."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.engine.layers.dropout import Dropout, dropped
from methods.sasrec import folded
from methods.sasrec.branching import BranchAttention
from methods.sasrec.causal import CausalBlock, Inputs
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


@pytest.mark.parametrize("heads", [1, 2])
def test_a_block_over_all_positions_is_what_torch_records(heads):
    block = make(6, 1, heads, 2, torch.double).blocks[0]
    x = torch.randn(3, 5, 6, dtype=torch.double, requires_grad=True)
    by_result, by_both = torch.randn(3, 5, 6).double(), torch.randn(3, 5, 12).double()
    both = block.key_value(x)
    expected = block(x, both, None), both
    found = block.over_all(x, block.dropout.choices(3))
    torch.testing.assert_close(found, expected)
    wanted = x, *block.parameters()
    for outputs in (slice(0, 1), slice(1, 2), slice(0, 2)):  # of one result alone too: the other has no gradient then
        gradients = (by_result, by_both)[outputs]
        found_gradients, expected_gradients = (
            torch.autograd.grad(each[outputs], wanted, gradients, retain_graph=True, materialize_grads=True)
            for each in (found, expected)
        )
        torch.testing.assert_close(found_gradients, expected_gradients)


@pytest.mark.parametrize("heads", [1, 2])
def test_gradients_with_dropout_by_finite_differences(heads):
    block = make(4, 1, heads, 2, torch.double).blocks[0].train()
    torch.manual_seed(5)
    first, *choices = block.dropout.choices(4)
    x, places = (torch.randn(*shape, dtype=torch.double, requires_grad=True) for shape in ((2, 3, 4), (5, 4)))
    layers = block.attention_norm, block.query, block.key_value, block.feed_forward_norm, block.inner, block.outer
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]

    def states(x, places, *parameters):
        return CausalBlock.apply(Inputs.apply(x, places, 1.5, first), heads, 1e-5, choices, *parameters)

    assert torch.autograd.gradcheck(states, (x, places, *parameters))


def test_a_block_drops_weights_hidden_layer_and_result_as_dropout_does(monkeypatch):
    block = make(6, 1, 1, 2, torch.double).blocks[0].train()

    def attend(query, keys, values, mask, dropped, is_causal):
        scores = query @ keys.transpose(-1, -2) * 6**-0.5
        weights = scores.masked_fill(~torch.ones_like(scores, dtype=torch.bool).tril(), -torch.inf).softmax(-1)
        assert dropped == block.dropout.p
        return block.dropout(weights) @ values

    monkeypatch.setattr(F, "scaled_dot_product_attention", attend)
    x = torch.randn(3, 5, 6, dtype=torch.double)
    torch.manual_seed(1)
    found, both = block.over_all(x, block.dropout.choices(3))
    torch.manual_seed(1)
    torch.testing.assert_close(found, block(x, both, None))


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("asking", [1, 3])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_gradients_of_branches_by_finite_differences(heads, asking, dropout):
    torch.manual_seed(4)
    shapes = (5, asking, 4), (5, 3, 8), (2, 6, 8)
    query, own, trunk = (torch.randn(*shape, dtype=torch.double, requires_grad=True) for shape in shapes)
    rows, starts = torch.tensor([1, 0, 1, 1, 0]), torch.tensor([6, 0, 2, 5, 1])
    choice = Dropout(dropout).choices(1)[0]

    def attended(query, own, trunk):
        return BranchAttention.apply(query, own, trunk, rows, starts, heads, choice)

    assert torch.autograd.gradcheck(attended, (query, own, trunk))
    found = torch.autograd.grad(attended(query, own, trunk.detach()).sum(), (query, own))
    torch.testing.assert_close(found, torch.autograd.grad(attended(query, own, trunk).sum(), (query, own)))


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_branches_attend_as_torch_does_with_scores_beyond_an_exponential_too(dtype):
    torch.manual_seed(4)
    rows, starts, heads = torch.tensor([1, 0, 1]), torch.tensor([6, 0, 2]), 2
    for size in (1.0, 200.0):
        query, own, trunk = (torch.randn(*shape, dtype=dtype) for shape in ((3, 2, 4), (3, 3, 8), (2, 6, 8)))
        found = BranchAttention.apply(size * query, own, trunk, rows, starts, heads, Dropout(0.0).choices(1)[0])
        for n, (row, start) in enumerate(zip(rows, starts, strict=True)):
            keys, values = torch.cat([trunk[row, :start], own[n]]).unflatten(1, (2, heads, 2)).unbind(1)
            for i in range(2):
                seen = start + 2 + i
                asked = (size * query[n, i]).view(heads, 1, 2)
                of_heads = F.scaled_dot_product_attention(
                    asked, keys[:seen].transpose(0, 1), values[:seen].transpose(0, 1)
                )
                torch.testing.assert_close(found[n, i], of_heads.flatten(), rtol=1e-4, atol=1e-5)


def test_weights_of_branches_are_dropped_as_dropout_does():
    torch.manual_seed(4)
    shapes = (5, 2, 4), (5, 3, 8), (2, 6, 8)
    query, own, trunk = (torch.randn(*shape, dtype=torch.double) for shape in shapes)
    rows, starts, choice = torch.tensor([1, 0, 1, 1, 0]), torch.tensor([6, 0, 2, 5, 1]), Dropout(0.4).choices(1)[0]
    weights, values = torch.zeros(5, 1, 2, 9, dtype=torch.double), torch.zeros(5, 9, 4, dtype=torch.double)
    for n, (row, start) in enumerate(zip(rows, starts, strict=True)):
        keys, values[n, : start + 3] = torch.cat([trunk[row, :start], own[n]]).split(4, 1)
        for i in range(2):
            weights[n, 0, i, : start + 2 + i] = (keys[: start + 2 + i] @ query[n, i] / 2).softmax(0)
    expected = dropped(weights, choice)[:, 0] @ values
    torch.testing.assert_close(BranchAttention.apply(query, own, trunk, rows, starts, 1, choice), expected)
    assert (dropped(weights, choice) != weights).any()


@pytest.mark.parametrize(("row", "start"), [(2, 1), (-1, 1), (0, 7), (0, -1)])
def test_a_branch_outside_its_trunk_is_refused(row, start):
    query, own, trunk = torch.zeros(1, 1, 4), torch.zeros(1, 1, 8), torch.zeros(2, 6, 8)
    with pytest.raises(IndexError, match="a trunk of 2 rows of 6 items"):
        choice = Dropout(0.0).choices(1)[0]
        BranchAttention.apply(query, own, trunk, torch.tensor([row]), torch.tensor([start]), 1, choice)
