"""SASRec's attention of branches on a CPU, pair by pair of query and key: no trunk row is laid out for each branch."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.layers.dropout import Choice
from methods.engine.layers.kernels import arrays
from methods.sasrec.kernels.branch_attention import attend, attend_backward


class BranchAttention(torch.autograd.Function):
    """What the last places of branches get by attention to the trunk before them and to their own, (samples, asking,
    dim).

    query (samples, asking, dim); own (samples, steps, 2 dim) and trunk (batch, length, 2 dim), keys and values; rows,
    starts (samples,); choice of what is dropped of the weights. IndexError for a row or start outside the trunk.
    """

    @staticmethod
    def forward(
        ctx, query: Tensor, own: Tensor, trunk: Tensor, rows: Tensor, starts: Tensor, heads: int, choice: Choice
    ) -> Tensor:
        for places, most in ((rows, len(trunk) - 1), (starts, trunk.shape[1])):  # the kernel would write elsewhere
            if len(places) and not (0 <= places.numpy().min() and places.numpy().max() <= most):
                raise IndexError(f"a branch has no place in a trunk of {len(trunk)} rows of {trunk.shape[1]} items")
        shape = (heads, query.shape[2] // heads)
        query, own, trunk = query.contiguous(), own.contiguous(), trunk.contiguous()
        weights = query.new_empty(len(query), heads, query.shape[1], trunk.shape[1] + own.shape[1])
        kept = torch.empty_like(weights) if choice.threshold else weights
        result, ctx.scale = torch.empty_like(query), shape[1] ** -0.5
        ctx.given = (
            query.unflatten(2, shape), trunk.unflatten(2, (2, *shape)), own.unflatten(2, (2, *shape)), rows, starts
        )  # fmt: skip
        ctx.filled = weights, kept
        attend(*arrays(*ctx.given), ctx.scale, *choice, *arrays(weights, kept, result.unflatten(2, shape)))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        query, trunk, own, *places = ctx.given
        learnt = ctx.needs_input_grad[2]
        by_query, by_own = torch.zeros_like(query), torch.zeros_like(own)
        by_trunk = torch.zeros_like(trunk if learnt else trunk[:0])
        attend_backward(
            gradient.contiguous().view_as(query).numpy(), *arrays(query, trunk, own, *places), ctx.scale,
            *arrays(*ctx.filled, by_query, by_trunk, by_own),
        )  # fmt: skip
        return by_query.flatten(2), by_own.flatten(2), by_trunk.flatten(2) if learnt else None, *[None] * 4
