"""Lists of different lengths, one behind the other in one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor


def offsets_of(lengths: Tensor) -> Tensor:
    """Where each list begins, and where the last one ends. lengths (lists,); result (lists + 1,)."""
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])


def members(offsets: Tensor, lists: Tensor) -> tuple[Tensor, Tensor]:
    """The members of some lists, list by list: for each, which of `lists` it is of, and its place in the one tensor.

    List n has the places from offsets[n] to offsets[n + 1]. lists (n,), in any order; results (members,).
    """
    begins = offsets[lists]
    sizes = offsets[lists + 1] - begins
    owners = torch.repeat_interleave(torch.arange(len(lists), device=lists.device), sizes)
    first = sizes.cumsum(0) - sizes
    return owners, (begins - first)[owners] + torch.arange(len(owners), device=lists.device)


def sent(values: Tensor, sizes: Sequence[int], device: torch.device) -> tuple[Tensor, ...]:
    """`values` on the device, cut into lists of `sizes`. They go there at once: a GPU's host waits for each tensor that
    is sent."""
    return values.to(device).split(list(sizes))
