"""GRU4Rec: a recurrent network over the session (Hidasi et al., ICLR 2016), one layer."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.layers.recurrence import Recurrence
from methods.engine.recommender import SequentialRecommender, Trunk

fit = fit_next_item


def build(split: Split, settings: dict) -> "GRU4Rec":
    return GRU4Rec(
        split.catalogue, settings["embedding"], settings["hidden"], settings["max_length"], settings["dropout"],
        settings["output_table"] == "separate",
    )  # fmt: skip


class GRU4Rec(SequentialRecommender):
    """The state is the hidden vector (eqs. 1 to 4), brought to the size of item vectors where it has another one."""

    def __init__(
        self, catalogue: int, dim: int, hidden: int, max_length: int, dropout: float, separate: bool = False
    ) -> None:
        super().__init__()
        self.max_length = max_length
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.recurrence = Recurrence(dim, hidden)
        of_item = hidden if separate else dim
        self.project = nn.Identity() if of_item == hidden else nn.Linear(hidden, of_item, bias=False)
        self.output = nn.Embedding(catalogue, of_item) if separate else None
        self.dropout = Dropout(dropout)
        normal(self, std=dim**-0.5)
        nn.init.xavier_uniform_(self.recurrence.weight_ih_l0)
        nn.init.orthogonal_(self.recurrence.weight_hh_l0)

    def _state(self, hidden: Tensor) -> Tensor:
        return self.project(self.dropout(hidden))

    def encode(self, vectors: Tensor) -> Trunk:
        hidden, _ = self.recurrence(vectors)
        return Trunk(self._state(hidden), (hidden,))

    def trunk(self, vectors: Tensor) -> Trunk:
        return Trunk(None, (self.recurrence(vectors)[0],))

    def last_states(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        hidden, _ = self.recurrence(vectors)
        return self._state(hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1])

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        (hidden,) = trunk.cache
        first = hidden[rows, (starts - 1).clamp(min=0)] * (starts > 0)[:, None]
        return self._state(self.recurrence(vectors, first[None].contiguous())[1][0])
