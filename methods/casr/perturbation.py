"""Moving the embedding of the replaced item: gradient steps on Delta for all samples of a batch at once."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor

from methods.engine.adam import DECAYS, EPSILON
from methods.engine.branches import Branches

Losses = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def moved(sequences: Branches, delta: Tensor) -> Branches:
    """The sequences with `delta` (samples, dim) added to the embedding of their first item."""
    return replace(sequences, shift=delta if sequences.shift is None else sequences.shift + delta)


def minimise(losses: Losses, delta: Tensor, steps: int, rate: float) -> Tensor:
    """Adam (Kingma and Ba, 2015) on every row of `delta` by itself. Result (samples, dim).

    The step size falls linearly from `rate` towards 0: Adam's steps are as long as the rate however small the gradient
    is, and a constant rate would end in swings around the optimum.
    losses(delta[rows], rows) gives the loss of each sample in `rows` and whether it has arrived: such a sample stays
    where it is and is not computed again.
    """
    delta = delta.clone()
    mean, square = torch.zeros_like(delta), torch.zeros_like(delta)
    rows = torch.arange(len(delta), device=delta.device)
    for step in range(1, steps + 1):
        gradient, arrived = gradient_of(losses, delta[rows], rows)
        rows, gradient = rows[~arrived], gradient[~arrived]
        if len(rows) == 0:
            break
        mean[rows] = DECAYS[0] * mean[rows] + (1 - DECAYS[0]) * gradient
        square[rows] = DECAYS[1] * square[rows] + (1 - DECAYS[1]) * gradient.square()
        root = (square[rows] / (1 - DECAYS[1] ** step)).sqrt()
        size = rate * (1 - (step - 1) / steps)
        delta[rows] -= size * mean[rows] / (1 - DECAYS[0] ** step) / (root + EPSILON)
    return delta


def gradient_of(losses: Losses, delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """By `delta` (rows, dim), and which rows have arrived."""
    delta.requires_grad_()
    # cuDNN has no backward pass for recurrent layers in evaluation mode
    without = torch.backends.cudnn.flags(enabled=False) if delta.is_cuda else nullcontext()
    with torch.enable_grad(), without:
        loss, arrived = losses(delta, rows)
        return torch.autograd.grad(loss.sum(), delta)[0], arrived
