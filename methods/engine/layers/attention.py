"""Additive attention, shared by NARM and STAMP: energies weight . sigmoid(query + key), not normalised."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.layers.kernels import arrays
from methods.engine.layers.kernels import attention as kernels

ENERGIES_AT_ONCE = 1 << 27  # hidden values: a GPU's fill
LARGEST = 80.0  # exp of it, and of its negative, is a normal float32; sigmoids of twice that are 0 and 1


class Keys(NamedTuple):
    """Keys (batch, length, hidden), and exp of their negatives, which a CPU's kernels take and which need no second
    computation for a branch. A GPU has none."""

    keys: Tensor
    powers: Tensor | None


def laid_out(keys: Tensor) -> Keys:
    """Keys as the functions below take them. keys (batch, length, hidden)."""
    return Keys(keys, exp_negative(keys) if keys.device.type == "cpu" else None)


def causal_attention(queries: Tensor, keys: Keys, values: Tensor, weight: Tensor) -> Tensor:
    """Position q gets  sum over k <= q of  weight . sigmoid(queries[q] + keys[k])  values[k].

    queries (batch, length, hidden); values (batch, length, dim); weight (hidden,); result (batch, length, dim).
    """
    if keys.powers is None:
        return _Energies.apply(queries, keys.keys, weight, True).tril() @ values
    batch, length, _ = queries.shape
    rows, counts = np.repeat(np.arange(batch), length), np.tile(np.arange(1, length + 1), batch)
    found = stretch_attention(
        queries.flatten(0, 1), keys, values, weight, torch.from_numpy(rows), torch.from_numpy(counts)
    )
    return found.unflatten(0, (batch, length))


def last_attention(queries: Tensor, keys: Keys, values: Tensor, weight: Tensor, lengths: Tensor) -> Tensor:
    """The same for the last position of each history alone. queries (batch, hidden); values (batch, length, dim);
    lengths (batch,); result (batch, dim)."""
    rows = torch.arange(len(queries), device=queries.device)
    return stretch_attention(queries, keys, values, weight, rows, lengths)


def branch_attention(
    queries: Tensor,
    trunk: tuple[Keys, Tensor],
    own: tuple[Keys, Tensor],
    weight: Tensor,
    rows: Tensor,
    starts: Tensor,
) -> Tensor:
    """The same for the last item of a branch: it sees the first `starts` items of trunk row `rows`, and its own.

    queries (samples, hidden); trunk: keys and values (batch, length, ..); own: the branch's (samples, steps, ..); rows,
    starts (samples,); result (samples, dim).
    """
    each = torch.arange(len(queries), device=queries.device)
    steps = torch.full_like(each, own[1].shape[1])
    before = stretch_attention(queries, *trunk, weight, rows, starts)
    return before + stretch_attention(queries, *own, weight, each, steps)


def stretch_attention(
    queries: Tensor, keys: Keys, values: Tensor, weight: Tensor, rows: Tensor, counts: Tensor
) -> Tensor:
    """The same for queries that see the first `counts` items of row `rows`. queries (n, hidden); values (batch, length,
    dim); rows, counts (n,); result (n, dim)."""
    if keys.powers is not None:
        return _Attention.apply(queries, *keys, values, weight, rows, counts)
    seen = torch.arange(values.shape[1], device=values.device) < counts[:, None]
    energies = _Energies.apply(queries[:, None], keys.keys[rows], weight, False)
    return ((energies * seen[:, None]) @ values[rows])[:, 0]


class _Attention(torch.autograd.Function):
    """`stretch_attention` on a CPU, pair by pair of query and key: nothing is laid out for what is not seen."""

    @staticmethod
    def forward(
        ctx, queries: Tensor, keys: Tensor, powers: Tensor, values: Tensor, weight: Tensor, rows: Tensor, counts: Tensor
    ) -> Tensor:
        ctx.shapes = keys.shape, values.shape
        begins, flat = rows * values.shape[1], (each.flatten(0, 1) for each in (powers, values))
        inputs = tuple(each.contiguous() for each in (exp_negative(queries), *flat, begins, counts, weight))
        result = values.new_empty(len(queries), values.shape[2])
        kernels.attend(*arrays(*inputs, result))
        ctx.save_for_backward(*inputs)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        queries, keys, values, begins, counts, weight = ctx.saved_tensors
        learnt = any(ctx.needs_input_grad[1:])
        found = [torch.zeros_like(each if learnt else each[:0]) for each in (keys, values, weight)]
        by_queries = torch.zeros_like(queries)
        kernels.attend_backward(
            *arrays(gradient.contiguous(), queries, keys, values, begins, counts, weight, by_queries, *found)
        )
        if not learnt:
            return by_queries, *[None] * 6
        by_keys, by_values, by_weight = found
        return by_queries, by_keys.view(ctx.shapes[0]), None, by_values.view(ctx.shapes[1]), by_weight, None, None


def exp_negative(x: Tensor) -> Tensor:
    """exp(-x), held between exp(-LARGEST) and exp(LARGEST), as the kernels take queries and keys."""
    x = x.detach().contiguous()
    result, values = torch.empty_like(x), x.numpy().reshape(-1)
    kernels.powers(values, values.dtype.type(LARGEST), result.numpy().reshape(-1))
    return result


class _Energies(torch.autograd.Function):
    """weight . sigmoid(queries + keys) of shape (batch, q, k), in blocks of queries that fit; the sigmoids are computed
    again in the backward pass. A GPU's way. Causal: blocks above the diagonal are skipped (left 0)."""

    @staticmethod
    def blocks(queries: Tensor, keys: Tensor, causal: bool):
        size = max(1, ENERGIES_AT_ONCE // max(1, len(queries) * keys.shape[1] * keys.shape[2]))
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
