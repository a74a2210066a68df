"""Moving the embedding of the replaced item: steps on Delta for all samples of a batch at once.

Eqs. 4 and 7 are a smooth loss and weight ||Delta||^2, whose curvature 2 weight runs over ten powers of ten within the
paper's grids. A step as long as some rate, such as Adam's, is a thousand times too long at one end and too short at the
other. Here the penalty sets the length of the first step, and the last two gradients that of each further one.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor

from methods.engine.data.branches import Branches

Losses = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
SETTLED = 1e-4  # a step as short as this part of Delta is the last one
HIDDEN = 32  # units in the last place of a loss that rounding may make of nothing


def moved(sequences: Branches, delta: Tensor) -> Branches:
    """The sequences with `delta` (samples, dim) added to the embedding of their first item."""
    return replace(sequences, shift=delta if sequences.shift is None else sequences.shift + delta)


def first_reach(rate: float, spaces: Sequence[Tensor]) -> float:
    """How far the first step goes at most: in every coordinate `rate` standard deviations of the embeddings' entries,
    of the finer space, so that Delta tears none apart."""
    return rate * min(float(space.std()) for space in spaces) * spaces[0].shape[1] ** 0.5


def minimise(losses: Losses, start: Tensor, steps: int, weight: float, reach: float) -> Tensor:
    """Each row of Delta by itself, from `start` by at most `steps` steps to where its loss is no higher. Result
    (samples, dim).

    losses(delta[rows], rows) gives the loss of each sample in `rows`, `weight` ||Delta||^2 included, and whether the
    sample ends there. A step goes down the gradient to the lowest point of a parabola: its curvature is at first that
    of the penalty (Delta in closed form, where the rest is linear), then the one between the last two gradients
    (Barzilai and Borwein, 1988). It is no longer than `reach`, which doubles where a step is taken, and is a quarter of
    the step where it is not. A step is taken only if the loss falls, so that no Delta is worse than its start.
    """
    point, rows = start.clone(), torch.arange(len(start), device=start.device)
    loss, gradient, ended = evaluated(losses, point, rows)
    curvature, reach = torch.full_like(loss, 2 * weight), torch.full_like(loss, reach)
    for _ in range(steps):
        going = ~ended
        rows, loss, gradient, curvature, reach = (each[going] for each in (rows, loss, gradient, curvature, reach))
        if len(rows) == 0:
            break
        slope = gradient.norm(dim=1)
        length = torch.where(curvature > 0, slope / curvature, torch.inf).minimum(reach)
        step = gradient * (-length / slope.clamp(min=torch.finfo(slope.dtype).tiny))[:, None]
        trial = point[rows] + step
        new_loss, new_gradient, ends = evaluated(losses, trial, rows)
        taken = falls(new_loss - loss, loss, step, gradient, new_gradient)
        curvature = torch.linalg.vecdot(new_gradient - gradient, step) / length.square()
        reach = torch.where(taken, 2 * reach, length / 4)
        ended = (taken & ends) | (length <= SETTLED * trial.norm(dim=1))
        point[rows] = torch.where(taken[:, None], trial, point[rows])
        loss, gradient = torch.where(taken, new_loss, loss), torch.where(taken[:, None], new_gradient, gradient)
    return point


def falls(difference: Tensor, loss: Tensor, step: Tensor, gradient: Tensor, new_gradient: Tensor) -> Tensor:
    """Whether the loss falls by a step. Where rounding could hide it, as with a penalty of 10^5 ||Delta||^2 in float32,
    the slopes at both ends tell."""
    hidden = difference.abs() <= HIDDEN * torch.finfo(loss.dtype).eps * loss.abs()
    return torch.where(hidden, torch.linalg.vecdot(gradient + new_gradient, step), difference) < 0


def evaluated(losses: Losses, delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """At `delta` (rows, dim): each sample's loss, its gradient, and whether the sample ends there."""
    delta = delta.detach().requires_grad_()
    # cuDNN has no backward pass for recurrent layers in evaluation mode
    without = torch.backends.cudnn.flags(enabled=False) if delta.is_cuda else nullcontext()
    with torch.enable_grad(), without:
        loss, ends = losses(delta, rows)
        return loss.detach(), torch.autograd.grad(loss.sum(), delta)[0], ends
