"""STAMP: short-term attention and memory priority (Liu et al., KDD 2018)."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.attention import branch_attention, causal_attention, laid_out, last_attention
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import SequentialRecommender, Trunk, at_end

fit = fit_next_item


def build(split: Split, settings: dict) -> "STAMP":
    return STAMP(
        split.catalogue, settings["embedding"], settings["max_length"], settings["dropout"], settings["adds_mean"]
    )  # fmt: skip


class STAMP(SequentialRecommender):
    """m_s mean of the prefix, m_t its last item; alpha_i = w0 . sigmoid(W1 x_i + W2 x_t + W3 m_s + b) (eq. 7),
    m_a = sum alpha_i x_i (eq. 8), h_s = tanh(Ws m_a + b), h_t = tanh(Wt x_t + b) (eq. 3), and the trilinear score
    <h_s, h_t, x_i> (eqs. 1 and 4), softmax over the items (eq. 5). adds_mean: m_s to m_a, as in the authors' code."""

    def __init__(self, catalogue: int, dim: int, max_length: int, dropout: float, adds_mean: bool) -> None:
        super().__init__()
        self.max_length, self.adds_mean = max_length, adds_mean
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.key, self.last = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.mean = nn.Linear(dim, dim)  # its bias is the equation's b_a
        self.weight = nn.Linear(dim, 1, bias=False)
        self.session, self.current = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.dropout = Dropout(dropout)
        normal(self, std=dim**-0.5)

    def _state(self, attended: Tensor, mean: Tensor, last: Tensor) -> Tensor:
        memory = attended + mean if self.adds_mean else attended
        return torch.tanh(self.session(memory)) * torch.tanh(self.current(last))

    def trunk(self, vectors: Tensor) -> Trunk:
        x = self.dropout(vectors)
        return Trunk(None, (x, laid_out(self.key(x)), x.cumsum(dim=1)))

    def encode(self, vectors: Tensor) -> Trunk:
        x, keys, total = cache = self.trunk(vectors).cache
        mean = total / torch.arange(1, x.shape[1] + 1, device=x.device)[:, None]
        attended = causal_attention(self.last(x) + self.mean(mean), keys, x, self.weight.weight[0])
        return Trunk(self._state(attended, mean, x), cache)

    def last_states(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        x = self.dropout(vectors)
        last, mean = at_end(x, lengths), at_end(x.cumsum(dim=1), lengths) / lengths[:, None]
        attended = last_attention(
            self.last(last) + self.mean(mean), laid_out(self.key(x)), x, self.weight.weight[0], lengths
        )
        return self._state(attended, mean, last)

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        before, keys, total = trunk.cache
        x = self.dropout(vectors)
        last, steps = x[:, -1], x.shape[1]
        prefix = total[rows, (starts - 1).clamp(min=0)] * (starts > 0)[:, None]
        mean = (prefix + x.sum(1)) / (starts + steps)[:, None]
        attended = branch_attention(
            self.last(last) + self.mean(mean),
            (keys, before),
            (laid_out(self.key(x)), x),
            self.weight.weight[0],
            rows,
            starts,
        )
        return self._state(attended, mean, last)
