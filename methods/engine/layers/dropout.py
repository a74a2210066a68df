"""Dropout whose random numbers cost little on a CPU."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from methods.engine.layers.kernels.dropout import drop

LEVELS = 1 << 32
_thread = threading.local()


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Dropout of this thread draws from `generator`, so that threads beside it cannot change what it draws."""
    _thread.generator = generator
    try:
        yield
    finally:
        del _thread.generator


class Dropout(nn.Module):
    """Zeroes each number with probability `p`, and scales the others by 1 / (1 - p), while training.

    torch's own draws one number for each element, on one core, and keeps a mask, which takes longer than many a layer.
    Here a CPU draws one seed, and decides by a hash of it and the element's place, again in the backward pass. A GPU,
    which draws in parallel, does what torch does. The seeds are drawn from torch's global generator, or from the one
    that `drawing_from` names.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout is {p}; it must be from 0 to below 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        return _Dropped.apply(x, self.choices(1)[0])

    def choices(self, count: int) -> list["Choice"]:
        """What to drop, `count` times, new with each call; nothing outside training."""
        if not self.training or self.p == 0:
            return [Choice(np.zeros(2, dtype=np.uint32), np.uint32(0), 1.0)] * count
        seeds = torch.empty(count, dtype=torch.int64)
        seeds.random_(-(2**63), None, generator=getattr(_thread, "generator", None))
        threshold, scale = np.uint32(round(self.p * LEVELS)), 1 / (1 - self.p)
        return [Choice(seed, threshold, scale) for seed in seeds.numpy().view(np.uint32).reshape(count, 2)]


class Choice(NamedTuple):
    """What a kernel of `kernels.dropout` decides by: equal choices drop the same elements."""

    seed: np.ndarray
    threshold: np.uint32
    scale: float


def dropped(x: Tensor, choice: Choice) -> Tensor:
    """Dropout of x on a CPU, without a gradient."""
    x = x.contiguous()
    result = torch.empty_like(x)
    drop(x.numpy().reshape(-1), *choice, result.numpy().reshape(-1))
    return result


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, choice: Choice) -> Tensor:
        ctx.choice = choice
        return dropped(x, choice)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return dropped(gradient, ctx.choice), None
