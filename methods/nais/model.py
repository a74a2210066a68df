"""NAIS: item similarity with attention over the history (He et al., TKDE 2018)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import Holdings, batch_holdings
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.stochastic import fit_sampled
from methods.engine.layers.initialisation import normal
from methods.engine.layers.kept import Kept
from methods.engine.recommender import Fitted, Recommender, Run

ATTENTIONS = ("prod", "concat")
PAIRS_KEPT = 1 << 28  # pairs of items in a table that serves all users: up to 16384 items, 2 GiB
PAIRS_AT_ONCE = 1 << 26  # 512 MiB: with more items the table is made for each batch of users, in stretches
VALUES_AT_ONCE = 1 << 22  # 16 MiB of hidden values: fits a cache, fills a GPU
TRAINED_AT_ONCE = 1 << 25  # 128 MiB of hidden values in a training step


def build(split: Split, settings: dict) -> "NAIS":
    if settings["attention"] not in ATTENTIONS:
        raise BadInput(f"attention '{settings['attention']}' is unknown; use one of {', '.join(ATTENTIONS)}")
    model = NAIS(
        split.catalogue, settings["embedding"], settings["hidden"], settings["attention"], settings["smoothing"]
    )
    normal(model, settings["initial_std"])
    return model


def fit(model: "NAIS", split: Split, settings: dict, run: Run) -> Fitted:
    """Pointwise log loss: each held item, predicted from the user's others, and sampled items that the user lacks."""
    held = split.held
    negatives = Negatives(held, split.catalogue)
    widths = held.lengths[held.rows]
    offsets, flat = held.offsets.to(run.device), held.items.to(run.device)

    def draw(generator):
        drawn = negatives.draw(held.rows, settings["negatives"], generator)
        return held.rows, torch.cat([held.items[:, None], drawn], dim=1)

    def loss(users, targets, longest):
        lengths = offsets[users + 1] - offsets[users]
        places = torch.arange(longest, device=run.device)
        mask = places < lengths[:, None]
        history = torch.where(mask, flat[torch.where(mask, offsets[users][:, None] + places, 0)], 0)
        labels = F.one_hot(torch.zeros_like(users), targets.shape[1]).float()
        error = F.binary_cross_entropy_with_logits(_predict_in_chunks(model, history, mask, targets), labels)
        return error + settings["regularisation"] * sum(each.square().sum() for each in model.parameters())

    return fit_sampled(model, draw, loss, settings, run, widths)


class NAIS(Recommender):
    """yhat_ui = sum over j in R_u \\ {i} of a_ij p_i . q_j + b_i,
    a_ij = exp(f(p_i, q_j)) / (sum over j in R_u \\ {i} of exp(f(p_i, q_j)))^beta,
    f_prod = h . relu(W (p_i * q_j) + b), f_concat = h . relu(W [p_i, q_j] + b); R_u is the set of held items.
    """

    def __init__(self, catalogue: int, dim: int, hidden: int, attention: str, smoothing: float) -> None:
        super().__init__()
        self.target_embedding = nn.Embedding(catalogue, dim)  # p
        self.history_embedding = nn.Embedding(catalogue, dim)  # q
        self.item_bias = nn.Parameter(torch.zeros(catalogue))
        self.hidden = nn.Linear(dim if attention == "prod" else 2 * dim, hidden)  # W, b
        self.out = nn.Linear(hidden, 1, bias=False)  # h
        self.attention, self.smoothing = attention, smoothing
        self._kept: Kept[tuple[Tensor, Tensor]] = Kept()

    def predict(self, history: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
        """yhat of each target. history (batch, length), mask (batch, length) what of it counts, targets (batch, m);
        result (batch, m)."""
        p, q = self.target_embedding(targets), self.history_embedding(history)
        counts = mask[:, None] & (history[:, None] != targets[:, :, None])
        weights = self._logits(p, q).exp() * counts
        weighted = weights * (p @ q.transpose(1, 2))
        return self._combine(weighted.sum(-1), weights.sum(-1)) + self.item_bias[targets]

    @torch.no_grad()
    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        """f depends on two items and not on the user: it is computed once for each pair, and summed over histories."""
        catalogue = len(self.item_bias)
        held = batch_holdings(items, lengths, catalogue)
        everything = torch.arange(catalogue, device=items.device)
        if catalogue**2 <= PAIRS_KEPT:
            return self._score_targets(held, held.items, everything, *self._table(everything))
        distinct, place = held.items.unique(return_inverse=True)
        stretches = everything.split(max(1, PAIRS_AT_ONCE // len(distinct)))
        return torch.cat([self._score_targets(held, place, s, *self._pairs(distinct, s)) for s in stretches], dim=1)

    def _score_targets(
        self, held: Holdings, place: Tensor, targets: Tensor, weights: Tensor, weighted: Tensor
    ) -> Tensor:
        """Scores (batch, m) of a stretch of the catalogue. place: the row of each held item in weights and weighted."""
        first = held.offsets[:-1]
        total = F.embedding_bag(place, weights, first, mode="sum")
        summed = F.embedding_bag(place, weighted, first, mode="sum")
        own = (held.items >= targets[0]) & (held.items <= targets[-1])  # a target is no part of its own history
        row, place, column = held.rows[own], place[own], held.items[own] - targets[0]
        total[row, column] -= weights[place, column]
        summed[row, column] -= weighted[place, column]
        return self._combine(summed, total) + self.item_bias[targets]

    def _table(self, everything: Tensor) -> tuple[Tensor, Tensor]:
        """`_pairs` of the whole catalogue, kept until a weight changes."""
        return self._kept.get(self.parameters(), lambda: self._pairs(everything, everything))

    def _pairs(self, history: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """exp(f(p_i, q_j)), and the same times p_i . q_j. Shape (history, targets)."""
        q = self.history_embedding(history)
        weights = torch.empty(len(history), len(targets), device=q.device)
        stretch = max(1, VALUES_AT_ONCE // (len(history) * self.hidden.out_features))
        for start in range(0, len(targets), stretch):
            p = self.target_embedding(targets[start : start + stretch])
            weights[:, start : start + stretch] = self._logits(p, q).exp().T
        return weights, weights * (q @ self.target_embedding(targets).T)

    def _logits(self, p: Tensor, q: Tensor) -> Tensor:
        """f of every target with every item of a history. p (.., m, dim), q (.., n, dim); result (.., m, n)."""
        if self.attention == "prod":  # W (p * q) = (W * p) q: nothing of the size m x n x dim is stored
            hidden = ((p[..., None, :] * self.hidden.weight).flatten(-3, -2) @ q.transpose(-1, -2)).unflatten(
                -2, (p.shape[-2], -1)
            )
        else:
            of_target, of_history = self.hidden.weight.split(p.shape[-1], dim=1)
            hidden = (p @ of_target.T)[..., None] + (q @ of_history.T).transpose(-1, -2)[..., None, :, :]
        return (self.out.weight @ (hidden + self.hidden.bias[:, None]).relu_()).squeeze(-2)

    def _combine(self, weighted: Tensor, total: Tensor) -> Tensor:
        """An empty history gives 0."""
        return weighted / total.clamp(min=torch.finfo(total.dtype).tiny) ** self.smoothing


def _predict_in_chunks(model: NAIS, history: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
    """`predict`; a batch of long histories in chunks that are computed again in the backward pass."""
    rows = max(1, TRAINED_AT_ONCE // (history.shape[1] * targets.shape[1] * model.hidden.out_features))
    if len(history) <= rows:
        return model.predict(history, mask, targets)
    chunks = zip(history.split(rows), mask.split(rows), targets.split(rows), strict=True)
    return torch.cat([checkpoint(model.predict, *chunk, use_reentrant=False) for chunk in chunks])
