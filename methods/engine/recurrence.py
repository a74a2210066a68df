"""Gated recurrence (Cho et al., EMNLP 2014) whose backward pass on a CPU takes three operations a step."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Recurrence(nn.GRU):
    """torch.nn.GRU of one layer, batch first: the same parameters, equations and results.

    On a CPU torch records some twenty small operations for each step. Here a step of the backward pass needs what the
    forward pass kept and one product; what can wait is done for all steps at once. A GPU has a kernel of its own.
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
        hidden = _Recurrence.apply(vectors.transpose(0, 1), begin, *weights)
        return hidden.transpose(0, 1), hidden[-1:]


class _Recurrence(torch.autograd.Function):
    """r, z = sigmoid(W x + U h + b), n = tanh(W x + b + r (U h + b)), next h = (1 - z) n + z h; time comes first."""

    @staticmethod
    def forward(ctx, vectors: Tensor, begin: Tensor, w_in: Tensor, w_hidden: Tensor, b_in: Tensor, b_hidden: Tensor):
        size = begin.shape[1]
        gates = vectors @ w_in.T + b_in  # (steps, batch, 3 size), of which the loop makes r, z and n
        inner = torch.empty_like(gates)  # what comes from h
        hidden = gates.new_empty(len(gates) + 1, *begin.shape)
        hidden[0] = begin
        across = w_hidden.T.contiguous()
        for step, (gate, of_hidden) in enumerate(zip(gates, inner, strict=True)):
            torch.addmm(b_hidden, hidden[step], across, out=of_hidden)
            r_z, n = gate[:, : 2 * size], gate[:, 2 * size :]
            r_z.add_(of_hidden[:, : 2 * size]).sigmoid_()
            n.addcmul_(r_z[:, :size], of_hidden[:, 2 * size :]).tanh_()
            torch.lerp(n, hidden[step], r_z[:, size:], out=hidden[step + 1])
        ctx.save_for_backward(vectors, w_in, w_hidden, gates, inner[:, :, 2 * size :], hidden)
        return hidden[1:].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        vectors, w_in, w_hidden, gates, inner, hidden = ctx.saved_tensors
        r, z, n = gates.chunk(3, dim=2)
        by_n = (1 - z) * (1 - n * n)  # slopes of the next h: by what stands in the tanh, and by what r, z and n take in
        slopes = torch.stack([by_n * inner * r * (1 - r), (hidden[:-1] - n) * z * (1 - z), by_n * r], dim=2)
        flowing = torch.cat([torch.zeros_like(gradient[:1]), gradient])  # by h before each step, and after the last
        of_hidden = torch.empty_like(slopes)  # (steps, batch, 3, size)
        for step in range(len(slopes) - 1, -1, -1):
            torch.mul(slopes[step], flowing[step + 1][:, None], out=of_hidden[step])
            flowing[step].addcmul_(flowing[step + 1], z[step]).addmm_(of_hidden[step].flatten(1), w_hidden)
        of_input = of_hidden.clone()
        torch.mul(by_n, flowing[1:], out=of_input[:, :, 2])
        of_input, of_hidden = of_input.flatten(2).flatten(0, 1), of_hidden.flatten(2).flatten(0, 1)
        wanted = ctx.needs_input_grad
        return (
            (of_input @ w_in).view(vectors.shape) if wanted[0] else None,
            flowing[0] if wanted[1] else None,
            of_input.T @ vectors.flatten(0, 1) if wanted[2] else None,
            of_hidden.T @ hidden[:-1].flatten(0, 1) if wanted[3] else None,
            of_input.sum(0) if wanted[4] else None,
            of_hidden.sum(0) if wanted[5] else None,
        )
