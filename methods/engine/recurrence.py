"""Gated recurrence (Cho et al., EMNLP 2014) whose steps on a CPU take two operations each."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from methods.engine.kernels import recurrence as kernels


class Recurrence(nn.GRU):
    """torch.nn.GRU of one layer, batch first: the same parameters, equations and results.

    On a CPU torch records some twenty small operations for each step. Here a step is one product and one kernel, either
    way; what can wait is done for all steps at once. A GPU has a kernel of its own.
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
        gates = torch.addmm(b_in, vectors.flatten(0, 1), w_in.T).view(rows, steps, -1)
        of_hidden = torch.empty_like(gates[:, 0])
        result, before, inner = gates.new_empty(3, rows, steps, begin.shape[1])
        before[:, 0] = begin
        across = w_hidden.T.contiguous()
        arrays = [each.numpy() for each in (gates, of_hidden, before, result, inner)]
        for step, h in enumerate(before.unbind(1)):
            torch.addmm(b_hidden, h, across, out=of_hidden)
            kernels.step(*arrays, step)
        ctx.save_for_backward(vectors, w_in, w_hidden, gates, before, inner)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        vectors, w_in, w_hidden, gates, before, inner = ctx.saved_tensors
        flowing, of_input, of_hidden = torch.zeros_like(before[:, 0]), torch.empty_like(gates), torch.empty_like(gates)
        arrays = [each.numpy() for each in (gradient.contiguous(), gates, before, inner, flowing, of_input, of_hidden)]
        own = of_hidden.unbind(1)
        for step in range(len(own) - 1, -1, -1):
            kernels.step_backward(*arrays, step)
            flowing.addmm_(own[step], w_hidden)
        of_input, of_hidden = of_input.flatten(0, 1), of_hidden.flatten(0, 1)
        wanted = ctx.needs_input_grad
        return (
            (of_input @ w_in).view(vectors.shape) if wanted[0] else None,
            flowing if wanted[1] else None,
            of_input.T @ vectors.flatten(0, 1) if wanted[2] else None,
            of_hidden.T @ before.flatten(0, 1) if wanted[3] else None,
            of_input.sum(0) if wanted[4] else None,
            of_hidden.sum(0) if wanted[5] else None,
        )
