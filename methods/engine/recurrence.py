"""Gated recurrence (Cho et al., EMNLP 2014) whose steps on a CPU are one operation together."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from methods.engine.kernels import arrays
from methods.engine.kernels import recurrence as kernels
from methods.engine.kernels.products import LANES


class Recurrence(nn.GRU):
    """torch.nn.GRU of one layer, batch first: the same parameters, equations and results.

    On a CPU torch records some twenty small operations for each step. Here one kernel walks all steps, either way; what
    needs no walk is done for all steps at once. A GPU has a kernel of its own.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__(dim, hidden, batch_first=True)

    def forward(self, vectors: Tensor, first: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """vectors (batch, steps, dim), first (1, batch, hidden) or None for zeros; gives the hidden vectors (batch,
        steps, hidden) and the last of them (1, batch, hidden)."""
        if vectors.device.type != "cpu" or not torch.is_grad_enabled():
            return super().forward(vectors, first)
        begin = vectors.new_zeros(len(vectors), self.hidden_size) if first is None else first[0]
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        hidden = _Recurrence.apply(vectors, begin, *weights)
        return hidden, hidden[None, :, -1]


class _Recurrence(torch.autograd.Function):
    """r, z = sigmoid(W x + U h + b), n = tanh(W x + b + r (U h + b)), next h = (1 - z) n + z h."""

    @staticmethod
    def forward(ctx, vectors: Tensor, begin: Tensor, w_in: Tensor, w_hidden: Tensor, b_in: Tensor, b_hidden: Tensor):
        rows, steps, _ = vectors.shape
        gates = (vectors.flatten(0, 1) @ w_in.T).view(rows, steps, -1)
        result, before, inner = gates.new_empty(3, rows, steps, begin.shape[1])
        across = F.pad(w_hidden.T, (0, -len(w_hidden) % LANES, 0, -w_hidden.shape[1] % 4)).contiguous()
        kernels.recur(*arrays(gates, begin.contiguous(), across, b_in, b_hidden, result, before, inner))
        ctx.save_for_backward(vectors, w_in, across, gates, before, inner)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        vectors, w_in, across, gates, before, inner = ctx.saved_tensors
        size = before.shape[2]
        slopes, by_begin = gates.new_empty(*gates.shape[:2], 4 * size), gates.new_empty(len(gates), size)
        total = gates.new_empty(4 * size)
        kernels.recur_backward(*arrays(gradient.contiguous(), gates, before, inner, across, slopes, by_begin, total))
        slopes = slopes.flatten(0, 1)
        of_input, of_hidden = slopes[:, size:], slopes[:, : 3 * size]  # of which the second begins with what is of n
        wanted = ctx.needs_input_grad
        return (
            (of_input @ w_in).view(vectors.shape) if wanted[0] else None,
            by_begin if wanted[1] else None,
            of_input.T @ vectors.flatten(0, 1) if wanted[2] else None,
            (of_hidden.T @ before.flatten(0, 1)).roll(-size, 0) if wanted[3] else None,
            total[size:] if wanted[4] else None,
            total[: 3 * size].roll(-size) if wanted[5] else None,
        )
