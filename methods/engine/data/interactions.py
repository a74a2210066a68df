"""Histories as sets: which user holds which item, each pair once."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Holdings:
    """The distinct items of each row (a user, or a row of a batch): row r holds `items[offsets[r]:offsets[r + 1]]`,
    ascending. rows, items (pairs,); offsets (rows + 1,), all int64.
    """

    rows: Tensor
    items: Tensor
    offsets: Tensor

    @property
    def lengths(self) -> Tensor:
        return self.offsets.diff()


def holdings(rows: Tensor, items: Tensor, count: int, catalogue: int) -> Holdings:
    """The distinct pairs of (row, item), of `count` rows."""
    keys = torch.unique(rows * catalogue + items)  # sorted
    rows, items = keys // catalogue, keys % catalogue
    offsets = torch.searchsorted(rows, torch.arange(count + 1, device=rows.device))
    return Holdings(rows, items, offsets)


def batch_holdings(items: Tensor, lengths: Tensor, catalogue: int) -> Holdings:
    """The distinct items of each history. items (batch, length), filled up on the right; lengths (batch,)."""
    rows, columns = torch.nonzero(torch.arange(items.shape[1], device=items.device) < lengths[:, None], as_tuple=True)
    return holdings(rows, items[rows, columns], len(items), catalogue)


def how_often(index: Tensor, size: int) -> Tensor:
    """How often each number below `size` stands in `index`. Shape (size,), int64.

    As torch.bincount, which first looks for the largest number: on a GPU its host would wait.
    """
    return index.new_zeros(size).index_add_(0, index.flatten(), index.new_ones(index.numel()))
