import pytest
import torch

from methods.engine.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_drops_the_share_that_it_says_and_keeps_the_mean(p):
    torch.manual_seed(1)
    found = Dropout(p)(torch.ones(1000, 999))
    share = float((found == 0).float().mean())
    assert abs(share - p) < 4 * (p * (1 - p) / found.numel()) ** 0.5
    assert float(found.mean()) == pytest.approx(1, abs=0.02)
    kept = found[found != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - p)), rtol=1e-3, atol=0)


def test_elements_are_dropped_independently_of_their_neighbours():
    """Four elements share a word: each pair of places within it must agree as often as chance has it."""
    torch.manual_seed(1)
    dropped = (Dropout(0.5)(torch.ones(400_000)) == 0).view(-1, 4)
    for first in range(4):
        for second in range(first + 1, 4):
            agree = float((dropped[:, first] == dropped[:, second]).float().mean())
            assert abs(agree - 0.5) < 0.01


def test_gradient_passes_where_a_number_was_kept_and_nothing_happens_outside_training():
    layer, x = Dropout(0.5), torch.randn(7, 5, requires_grad=True)
    torch.manual_seed(1)
    layer(x).sum().backward()
    torch.manual_seed(1)
    torch.testing.assert_close(x.grad, layer.mask(x))
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="from 0 to below 1"):
        Dropout(1.0)
