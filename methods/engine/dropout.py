"""Dropout whose random numbers cost little on a CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 1 << 16


class Dropout(nn.Module):
    """Zeroes each number with probability `p`, and scales the others by 1 / (1 - p), while training.

    torch's own draws one number of 32 bits for each element, on one core, which takes longer than many a layer. Here a
    word of 64 bits decides on four elements; p is rounded to a multiple of 2^-16, and the scale with it. A GPU, which
    draws in parallel, does what torch does. The random numbers are those of torch's global generator.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout is {p}; it must be from 0 to below 1")
        self.p = p
        self.dropped = round(p * LEVELS)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        return x * self.mask(x)

    def mask(self, x: Tensor) -> Tensor:
        """0 where dropped, the scale elsewhere; of x's shape and type, on the CPU."""
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        levels = words.view(torch.int16)[: x.numel()].view(x.shape)  # each of -2^15 .. 2^15 - 1 alike
        return (levels >= self.dropped - LEVELS // 2).to(x.dtype).mul_(LEVELS / (LEVELS - self.dropped))
