import pytest
import torch

from methods.engine.layers import attention


def vectors(*shape, dtype=torch.double):
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


@pytest.fixture
def given():
    """Queries, keys and values of two rows of five, and a weight."""
    torch.manual_seed(1)
    return vectors(2, 5, 3), vectors(2, 5, 3), vectors(2, 5, 4), vectors(3)


def literal(query, keys, values, weight):
    return sum((weight * torch.sigmoid(query + key)).sum() * value for key, value in zip(keys, values, strict=True))


def causal(queries, keys, values, weight):
    return attention.causal_attention(queries, attention.laid_out(keys), values, weight)


def test_each_position_attends_to_itself_and_those_before(given):
    queries, keys, values, weight = given
    found = causal(*given)
    for row in range(2):
        for place in range(5):
            seen = slice(0, place + 1)
            expected = literal(queries[row, place], keys[row, seen], values[row, seen], weight)
            torch.testing.assert_close(found[row, place], expected)


def test_the_last_position_attends_as_among_all(given):
    queries, keys, values, weight = given
    lengths = torch.tensor([5, 2])
    last = queries[torch.arange(2), lengths - 1]
    found = attention.last_attention(last, attention.laid_out(keys), values, weight, lengths)
    torch.testing.assert_close(found, causal(*given)[torch.arange(2), lengths - 1])


def test_a_branch_attends_to_the_trunk_before_it_and_to_itself(given):
    queries, keys, values, weight = given
    own_keys, own_values = vectors(4, 2, 3), vectors(4, 2, 4)
    rows, starts = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 3, 5, 1])
    query = queries.flatten(0, 1)[:4]
    found = attention.branch_attention(
        query, (attention.laid_out(keys), values), (attention.laid_out(own_keys), own_values), weight, rows, starts
    )
    for n, (row, start) in enumerate(zip(rows, starts, strict=True)):
        all_keys = torch.cat([keys[row, :start], own_keys[n]])
        all_values = torch.cat([values[row, :start], own_values[n]])
        torch.testing.assert_close(found[n], literal(query[n], all_keys, all_values, weight))


def test_gradients_by_finite_differences(given):
    queries, keys, values, weight = given
    assert torch.autograd.gradcheck(causal, given)
    rows, counts = torch.tensor([1, 0, 1]), torch.tensor([4, 0, 2])
    query = vectors(3, 3)

    def among_constants(query):
        return attention.stretch_attention(
            query, attention.laid_out(keys.detach()), values.detach(), weight.detach(), rows, counts
        )

    assert torch.autograd.gradcheck(among_constants, query)


def test_what_a_gpu_computes_is_the_same(given, monkeypatch):
    queries, keys, values, weight = given
    monkeypatch.setattr(attention, "ENERGIES_AT_ONCE", 2 * 5 * 3 * 2)  # two queries at a time
    found = attention._Energies.apply(queries, keys, weight, True).tril() @ values
    torch.testing.assert_close(found, causal(*given))
    assert torch.autograd.gradcheck(
        lambda q, k, w: attention._Energies.apply(q, k, w, True).tril(), given[:2] + given[3:]
    )


def test_a_gpu_s_branches_and_last_positions_are_the_same(given):
    queries, keys, values, weight = given
    rows, starts, query = torch.tensor([0, 1, 1]), torch.tensor([0, 3, 5]), queries.flatten(0, 1)[:3]
    own_keys, own_values = vectors(3, 2, 3), vectors(3, 2, 4)
    found, expected = (
        attention.branch_attention(query, (lay(keys), values), (lay(own_keys), own_values), weight, rows, starts)
        for lay in (lambda keys: attention.Keys(keys, None), attention.laid_out)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("far", [-100.0, 100.0])
def test_sums_of_query_and_key_that_are_far_out_saturate(far):
    query, weight = torch.full((1, 3), far), torch.ones(3)
    keys, values = torch.full((1, 1, 3), far), torch.ones(1, 1, 2)
    one = torch.ones(1, dtype=torch.int64)
    found = attention.stretch_attention(query, attention.laid_out(keys), values, weight, one - 1, one)
    torch.testing.assert_close(found, torch.full((1, 2), 3.0 if far > 0 else 0.0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_query_that_is_not_a_number_is_not_hidden(dtype):
    query, weight = torch.tensor([[1.0, torch.nan, 2.0]], dtype=dtype), torch.ones(3, dtype=dtype)
    keys, values = torch.ones(1, 1, 3, dtype=dtype), torch.ones(1, 1, 2, dtype=dtype)
    one = torch.ones(1, dtype=torch.int64)
    assert attention.stretch_attention(query, attention.laid_out(keys), values, weight, one - 1, one).isnan().all()


def test_in_single_precision_it_errs_by_its_rounding_alone():
    torch.manual_seed(1)
    given = [torch.randn(*shape) for shape in ((3, 20, 37), (3, 20, 37), (3, 20, 9), (37,))]
    found = []
    for dtype in (torch.float64, torch.float32):
        inputs = [each.to(dtype, copy=True).requires_grad_() for each in given]
        result = causal(*inputs)
        found.append([result.detach(), *torch.autograd.grad(result.square().sum(), inputs)])
    for right, mine in zip(*found, strict=True):
        assert float((mine - right).abs().max()) <= 2e-6 * float(right.abs().max())
