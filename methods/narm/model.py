"""NARM: a recurrent encoder with attention over the session (Li et al., CIKM 2017)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.attention import branch_attention, causal_attention, laid_out, last_attention
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.layers.recurrence import Recurrence
from methods.engine.recommender import SequentialRecommender, Trunk, at_end
from methods.narm.packed import States, pack

fit = fit_next_item


def build(split: Split, settings: dict) -> "NARM":
    return NARM(
        split.catalogue, settings["embedding"], settings["hidden"], settings["max_length"],
        settings["embedding_dropout"], settings["dropout"],
    )  # fmt: skip


class NARM(SequentialRecommender):
    """Global encoder h_t (eqs. 1 to 5), local encoder sum_j alpha_tj h_j with alpha_tj = v . sigmoid(A1 h_t + A2 h_j)
    (eqs. 6 to 8), session c_t = [h_t, local_t] (eq. 9), bilinear decoding emb_i^T B c_t (eq. 10)."""

    def __init__(
        self, catalogue: int, dim: int, hidden: int, max_length: int, embedding_dropout: float, dropout: float
    ) -> None:
        super().__init__()
        self.max_length = max_length
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.recurrence = Recurrence(dim, hidden)
        self.query, self.key = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.weight = nn.Linear(hidden, 1, bias=False)
        self.decoder = nn.Linear(2 * hidden, dim, bias=False)
        self.embedding_dropout, self.dropout = Dropout(embedding_dropout), Dropout(dropout)
        normal(self, std=dim**-0.5)
        nn.init.xavier_uniform_(self.recurrence.weight_ih_l0)
        nn.init.orthogonal_(self.recurrence.weight_hh_l0)

    def _decode(self, hidden: Tensor, local: Tensor) -> Tensor:
        return self.decoder(self.dropout(torch.cat([hidden, local], dim=-1)))

    def trunk(self, vectors: Tensor) -> Trunk:
        hidden, _ = self.recurrence(self.embedding_dropout(vectors))
        return Trunk(None, (hidden, laid_out(self.key(hidden))))

    def encode(self, vectors: Tensor) -> Trunk:
        hidden, keys = cache = self.trunk(vectors).cache
        local = causal_attention(self.query(hidden), keys, hidden, self.weight.weight[0])
        return Trunk(self._decode(hidden, local), cache)

    def states_at(self, look_up: Callable[[Tensor], Tensor], items: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        if items.device.type != "cpu":
            return super().states_at(look_up, items, lengths, places)
        packed = pack(items, lengths, places)
        choices = self.embedding_dropout.choices(1)[0], self.dropout.choices(1)[0]
        layers = (self.query, self.key, self.weight, self.decoder)
        parameters = (*(layer.weight for layer in layers), *self.recurrence.parameters())
        return States.apply(look_up(packed.items), packed, choices, *parameters)

    def last_states(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        hidden, _ = self.recurrence(self.embedding_dropout(vectors))
        last = at_end(hidden, lengths)
        local = last_attention(self.query(last), laid_out(self.key(hidden)), hidden, self.weight.weight[0], lengths)
        return self._decode(last, local)

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        hidden, keys = trunk.cache
        first = hidden[rows, (starts - 1).clamp(min=0)] * (starts > 0)[:, None]
        own, last = self.recurrence(self.embedding_dropout(vectors), first[None].contiguous())
        last = last[0]
        local = branch_attention(
            self.query(last), (keys, hidden), (laid_out(self.key(own)), own), self.weight.weight[0], rows, starts
        )
        return self._decode(last, local)
