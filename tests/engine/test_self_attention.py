"""Kernels of self-attention and of layer normalisation, against torch."""

import pytest
import torch
import torch.nn.functional as F

from methods.engine.layers.kernels.normalisation import normalise
from methods.sasrec.kernels.self_attention import weigh


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
@pytest.mark.parametrize("length", [1, 7, 33])
@pytest.mark.parametrize("size", [1.0, 50.0, 1e4])  # from the second on, exponentials have to be shifted
def test_weights_are_the_softmax_of_what_a_position_sees(dtype, length, size):
    torch.manual_seed(length)
    scores = size * torch.randn(5, length, length, dtype=dtype)
    expected = (scores * 0.7).masked_fill(~torch.ones(length, length).tril().bool(), -torch.inf).softmax(-1)
    weigh(scores.numpy(), 0.7)
    torch.testing.assert_close(scores, expected, rtol=1e-4 if dtype == torch.float else 1e-9, atol=1e-7)


def test_no_weight_is_below_the_normal_numbers():
    scores = 100 * torch.randn(4, 50, 50, generator=torch.Generator().manual_seed(1))
    weigh(scores.numpy(), 1.0)
    assert not ((scores > 0) & (scores < torch.finfo(torch.float).tiny)).any()


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_rows_are_normalised_as_by_torch(dtype):
    torch.manual_seed(1)
    x, weight, bias = (3 + 5 * torch.randn(*shape, dtype=dtype) for shape in ((9, 37), (37,), (37,)))
    expected, moments = F.layer_norm(x, (37,), weight, bias, 1e-3), torch.empty(9, 2, dtype=dtype)
    normalise(x.numpy(), weight.numpy(), bias.numpy(), 1e-3, x.numpy(), moments.numpy())
    torch.testing.assert_close(x, expected)
