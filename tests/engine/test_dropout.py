import pytest
import torch

from methods.engine.layers.dropout import Dropout, drawing_from, dropped
from methods.engine.layers.kernels import dropout as kernels


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_drops_the_share_that_it_says_and_keeps_the_mean(p):
    torch.manual_seed(1)
    found = Dropout(p)(torch.ones(1000, 999))
    share = float((found == 0).float().mean())
    assert abs(share - p) < 4 * (p * (1 - p) / found.numel()) ** 0.5
    assert float(found.mean()) == pytest.approx(1, abs=0.02)
    kept = found[found != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - p)), rtol=1e-3, atol=0)


def test_elements_are_dropped_independently_of_their_neighbours_and_of_other_draws():
    torch.manual_seed(1)
    layer, ones = Dropout(0.5), torch.ones(200, 20_000)
    dropped = (torch.stack([layer(row) for row in ones]) == 0).float() - 0.5
    sigma = 2 * dropped.numel() ** -0.5  # of a mean of independent halves, where agreement counts 1 and the rest -1
    for apart in (1, 2, 4, 8, 16, 64):
        assert abs(float((dropped[:, apart:] * dropped[:, :-apart]).mean()) * 4) < 4 * sigma
        assert abs(float((dropped[apart:] * dropped[:-apart]).mean()) * 4) < 4 * sigma
    for means in (dropped.mean(0) * 200**0.5, dropped.mean(1) * 20_000**0.5):
        assert float(means.var()) == pytest.approx(0.25, rel=4 * (2 / len(means)) ** 0.5)


def test_threads_draw_from_generators_of_their_own():
    layer, x = Dropout(0.5), torch.ones(100)
    before = torch.get_rng_state()
    found = []
    for _ in range(2):
        with drawing_from(torch.Generator().manual_seed(3)):
            found.append(layer(x))
    assert torch.equal(*found) and torch.equal(before, torch.get_rng_state())
    assert not torch.equal(layer(x), layer(x))


def test_gradient_passes_where_a_number_was_kept_and_nothing_happens_outside_training():
    layer, x = Dropout(0.5), torch.randn(7, 5, requires_grad=True)
    torch.manual_seed(1)
    layer(x).sum().backward()
    torch.manual_seed(1)
    torch.testing.assert_close(x.grad, layer(torch.ones_like(x)))
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="from 0 to below 1"):
        Dropout(1.0)


def test_kernels_drop_what_the_layer_drops():
    """In one pass with what stands beside it; see `kernels.dropout`."""
    layer, (x, total) = Dropout(0.4), torch.randn(2, 6, 5)
    bias, rows = torch.randn(5), torch.randn(3, 5)
    (choice,) = layer.choices(1)

    found = x.clone()
    kernels.rectify_and_drop(found.numpy(), bias.numpy(), *choice)
    torch.testing.assert_close(found, dropped(torch.relu(x + bias), choice))
    found = x.clone()
    kernels.add_dropped(found.numpy(), bias.numpy(), *choice, total.numpy())
    torch.testing.assert_close(found, total + dropped(x + bias, choice))
    found, x = torch.empty(2, 3, 5), x.view(2, 3, 5)
    kernels.add_rows_and_drop(x.numpy(), 2.0, rows.numpy(), *choice, found.numpy())
    torch.testing.assert_close(found, dropped(2 * x + rows, choice))
    left, right, chosen = torch.randn(7, 4), torch.randn(3, 4), torch.tensor([5, 0, 6])
    found = torch.empty(3, 8)
    kernels.join_and_drop(left.numpy(), chosen.numpy(), right.numpy(), *choice, found.numpy())
    torch.testing.assert_close(found, dropped(torch.cat([left[chosen], right], 1), choice))


def test_nothing_is_dropped_by_a_choice_outside_training():
    x = torch.randn(7, 5)
    assert all(torch.equal(dropped(x, choice), x) for choice in Dropout(0.5).eval().choices(2))
