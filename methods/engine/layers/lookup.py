"""Rows looked up in a table of vectors whose gradient stays that of the rows."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.layers.kernels.rows import add_rows


class Lookup:
    """Looks items up in `table`, and knows what was given, for their gradients.

    On a CPU what is given is a leaf of its own. Autograd would fill a table with zeros for every look-up, and add it to
    the table's other gradients: two passes over the table for some hundred rows. A GPU does so quickly, by itself.
    """

    def __init__(self, table: nn.Embedding) -> None:
        self.table, self.items, self.rows = table, [], []

    def __call__(self, items: Tensor) -> Tensor:
        """Vectors (.., dim) of items (..)."""
        if items.device.type != "cpu":
            return self.table(items)
        rows = F.embedding(items, self.table.weight.detach()).requires_grad_()
        self.items.append(items)
        self.rows.append(rows)
        return rows

    def add(self, gradients: Sequence[Tensor], total: Tensor) -> None:
        """Adds the gradients, one for each tensor of `rows`, to the table's own, `total`."""
        for items, gradient in zip(self.items, gradients, strict=True):
            found = gradient.contiguous().view(-1, total.shape[1])
            add_rows(found.numpy(), items.reshape(-1).numpy(), total.numpy())
