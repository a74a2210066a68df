"""Caser: convolutions over the last items as an image (Tang and Wang, WSDM 2018)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import SequentialRecommender, Trunk

fit = fit_next_item


def build(split: Split, settings: dict) -> "Caser":
    return Caser(
        split.catalogue, settings["embedding"], settings["window"], settings["horizontal"], settings["vertical"],
        settings["dropout"], settings["output_table"] == "separate",
    )  # fmt: skip


class Caser(SequentialRecommender):
    """State z of eq. 8 from the last L items; what stands before a history is a row of zeros."""

    def __init__(
        self, catalogue: int, dim: int, window: int, horizontal: int, vertical: int, dropout: float,
        separate: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.max_length = self.window = window
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.output = nn.Embedding(catalogue, dim) if separate else None
        self.horizontal = nn.ModuleList(nn.Linear(height * dim, horizontal) for height in range(1, window + 1))
        self.vertical = nn.Linear(window, vertical, bias=False)
        self.join = nn.Linear(window * horizontal + vertical * dim, dim)
        self.dropout = Dropout(dropout)
        normal(self, std=dim**-0.5)

    def _states(self, filled: Tensor) -> Tensor:
        """States of the windows that end at each item behind the first L - 1. filled (batch, L - 1 + steps, dim)."""
        steps, found = filled.shape[1] - self.window + 1, []
        # each filter at each place once, then the maxima of the windows
        for height, layer in enumerate(self.horizontal, start=1):
            places = filled.shape[1] - height + 1
            rows = torch.cat([filled[:, begin : begin + places] for begin in range(height)], dim=2)
            fired = torch.relu(layer(rows)).transpose(1, 2)
            found.append(F.max_pool1d(fired, self.window - height + 1, stride=1).transpose(1, 2))
        taken = torch.stack([filled[:, begin : begin + steps] for begin in range(self.window)], dim=-1)
        found.append(self.vertical(taken).transpose(2, 3).flatten(2))
        return torch.relu(self.join(self.dropout(torch.cat(found, dim=2))))

    def encode(self, vectors: Tensor) -> Trunk:
        return Trunk(self._states(F.pad(vectors, (0, 0, self.window - 1, 0))), (vectors,))

    def trunk(self, vectors: Tensor) -> Trunk:
        return Trunk(None, (vectors,))

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        places = starts[:, None] + torch.arange(1 - self.window, 0, device=vectors.device)
        before = trunk.cache[0][rows[:, None], places.clamp(min=0)] * (places >= 0)[..., None]
        return self._states(torch.cat([before, vectors], dim=1)[:, -self.window :])[:, -1]
