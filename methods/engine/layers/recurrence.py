"""Gated recurrence (Cho et al., EMNLP 2014) whose steps on a CPU are one operation together."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from methods.engine.layers.kernels import arrays
from methods.engine.layers.kernels import recurrence as kernels
from methods.engine.layers.kernels.products import LANES


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
    @staticmethod
    def forward(ctx, vectors: Tensor, begin: Tensor, *weights: Tensor):
        rows, steps, _ = vectors.shape
        walk = ctx.walk = Walk(vectors.flatten(0, 1), begin.contiguous(), np.arange(rows + 1) * steps, *weights)
        return walk.hidden.view(rows, steps, -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        vectors, learnt = ctx.needs_input_grad[0], any(ctx.needs_input_grad[2:])
        by_vectors, by_begin, *by_weights = ctx.walk.back(gradient.flatten(0, 1), vectors, learnt)
        return by_vectors.view(*gradient.shape[:2], -1) if vectors else None, by_begin, *by_weights


class Walk:
    """Rows of any length, one behind the other: r, z = sigmoid(W x + U h + b), n = tanh(W x + b + r (U h + b)),
    next h = (1 - z) n + z h.

    vectors (steps, dim), contiguous; begin (rows, hidden); row n has the steps from offsets[n] to offsets[n + 1];
    weights: torch's four, which stay as they are until `back`. `hidden` (steps, hidden) holds each next h. On a CPU,
    without autograd.
    """

    def __init__(
        self, vectors: Tensor, begin: Tensor, offsets: np.ndarray, w_in: Tensor, w_hidden: Tensor, b_in: Tensor,
        b_hidden: Tensor,
    ) -> None:  # fmt: skip
        self.vectors, self.w_in, self.rows, self.offsets = vectors, w_in, len(begin), offsets
        self.gates = vectors @ w_in.T
        self.hidden, self.before, self.inner = self.gates.new_empty(3, len(vectors), begin.shape[1])
        self.across = F.pad(w_hidden.T, (0, -len(w_hidden) % LANES, 0, -w_hidden.shape[1] % 4)).contiguous()
        fixed, found = (self.across, b_in, b_hidden), (self.hidden, self.before, self.inner)
        kernels.recur(*arrays(self.gates, begin), offsets, *arrays(*fixed, *found))

    def back(self, gradient: Tensor, vectors: bool = True, weights: bool = True) -> list[Tensor | None]:
        """Gradients by the vectors, if they are wanted, by what was begun with and by the weights, if they are, given
        that by `hidden`."""
        size = self.hidden.shape[1]
        slopes, total = gradient.new_empty(len(gradient), 4 * size), gradient.new_empty(4 * size)
        by_begin, given = gradient.new_empty(self.rows, size), (self.gates, self.before, self.inner)
        kernels.recur_backward(
            *arrays(gradient.contiguous(), *given), self.offsets, *arrays(self.across, slopes, by_begin, total)
        )
        of_input, of_hidden = slopes[:, size:], slopes[:, : 3 * size]  # of which the second begins with what is of n
        by_vectors = of_input @ self.w_in if vectors else None
        if not weights:
            return [by_vectors, by_begin, None, None, None, None]
        return [
            by_vectors, by_begin, of_input.T @ self.vectors, (of_hidden.T @ self.before).roll(-size, 0), total[size:],
            total[: 3 * size].roll(-size),
        ]  # fmt: skip
