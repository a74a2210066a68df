"""Additive attention, shared by NARM and STAMP: energies weight . sigmoid(query + key), not normalised."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

ENERGIES_AT_ONCE = {"cpu": 1 << 18, "cuda": 1 << 27}  # hidden values: a core's cache, a GPU's fill


def causal_attention(queries: Tensor, keys: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """Position q gets  sum over k <= q of  weight . sigmoid(queries[q] + keys[k])  values[k].

    queries, keys (batch, length, hidden); values (batch, length, dim); weight (hidden,); result (batch, length, dim).
    """
    return _Energies.apply(queries, keys, weight, True).tril() @ values


def last_attention(queries: Tensor, keys: Tensor, values: Tensor, weight: Tensor, lengths: Tensor) -> Tensor:
    """The same for the last position of each history alone. queries (batch, hidden); keys, values (batch, length, ..);
    lengths (batch,); result (batch, dim)."""
    return branch_attention(queries, keys, values, weight, lengths, 0)


def branch_attention(
    queries: Tensor, keys: Tensor, values: Tensor, weight: Tensor, starts: Tensor, steps: int
) -> Tensor:
    """The same for the last item of a branch: it sees the first `starts` items of the trunk and the branch's `steps`.

    queries (samples, hidden); keys, values (samples, length + steps, ..), the branch's own behind the trunk's;
    starts (samples,); result (samples, dim).
    """
    length = keys.shape[1] - steps
    columns = torch.arange(length + steps, device=keys.device)
    seen = (columns < starts[:, None]) | (columns >= length)
    energies = _Energies.apply(queries[:, None], keys, weight, False)
    return ((energies * seen[:, None]) @ values)[:, 0]


class _Energies(torch.autograd.Function):
    """weight . sigmoid(queries + keys) of shape (batch, q, k), in blocks of queries that stay in the cache; the
    sigmoids are computed again in the backward pass. Causal: blocks above the diagonal are skipped (left 0)."""

    @staticmethod
    def blocks(queries: Tensor, keys: Tensor, causal: bool):
        size = max(1, ENERGIES_AT_ONCE[queries.device.type] // max(1, len(queries) * keys.shape[1] * keys.shape[2]))
        for first in range(0, queries.shape[1], size):
            last = min(first + size, queries.shape[1])
            seen = last if causal else keys.shape[1]
            yield (
                slice(first, last),
                slice(0, seen),
                torch.sigmoid_(queries[:, first:last, None] + keys[:, None, :seen]),
            )

    @staticmethod
    def forward(ctx, queries: Tensor, keys: Tensor, weight: Tensor, causal: bool) -> Tensor:
        energies = queries.new_zeros(len(queries), queries.shape[1], keys.shape[1])
        for q, k, sigmoid in _Energies.blocks(queries, keys, causal):
            energies[:, q, k] = sigmoid @ weight
        ctx.save_for_backward(queries, keys, weight)
        ctx.causal = causal
        return energies

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        queries, keys, weight = ctx.saved_tensors
        query_gradient, key_gradient = torch.empty_like(queries), torch.zeros_like(keys)
        weight_gradient = torch.zeros_like(weight)
        for q, k, sigmoid in _Energies.blocks(queries, keys, ctx.causal):
            part = gradient[:, q, k].contiguous()
            weight_gradient += part.reshape(1, -1).mm(sigmoid.flatten(0, 2))[0]
            # part * s (1 - s), in place; sums of it are several times faster than products of so small matrices
            flowing = torch.ops.aten.sigmoid_backward.grad_input(part[..., None], sigmoid, grad_input=sigmoid)
            torch.sum(flowing, 2, out=query_gradient[:, q])
            key_gradient[:, k] += flowing.sum(1)
        return query_gradient * weight, key_gradient * weight, weight_gradient, None
