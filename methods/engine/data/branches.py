"""Extra training sequences that share an observed prefix: all that a counterfactual sampler hands to the training."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Branches:
    """Sequence s is: the first `starts[s]` items of window `windows[s]`, then `items[s]`; next item `labels[s]`.

    windows, starts, labels (samples,) int64; items (samples, steps) int64; shift (samples, dim) float or None: added
    to the embedding of items[:, 0], for a virtual item that no catalogue holds (CASR eq. 7).
    """

    windows: Tensor
    starts: Tensor
    items: Tensor
    labels: Tensor
    shift: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> "Branches":
        """The branches at `index` (positions or a mask)."""
        shift = None if self.shift is None else self.shift[index]
        return Branches(self.windows[index], self.starts[index], self.items[index], self.labels[index], shift)

    def vectors(self, embedding: Callable[[Tensor], Tensor]) -> Tensor:
        """Embeddings of the branch items, the shift included. Shape (samples, steps, dim)."""
        vectors = embedding(self.items)
        if self.shift is None:
            return vectors
        return torch.cat([vectors[:, :1] + self.shift[:, None], vectors[:, 1:]], dim=1)
