"""Models of a pair of user and item, trained on held items and sampled others: what GMF, MLP, NeuMF and LightGCN share.

A counterfactual list (CPR) gives such pairs too: `logits` takes any pairs, and the losses any number of both kinds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import how_often
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.stochastic import fit_sampled
from methods.engine.recommender import Fitted, Recommender, Run


class PairRecommender(Recommender):
    """f(u, i) = sigma(logit of u and i); the user's vector stands for the history."""

    max_length = 1  # the history does not matter

    user_embedding: nn.Embedding
    item_embedding: nn.Embedding

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """The logit of each user with some items. users (n,), items (n, m); result (n, m)."""
        raise NotImplementedError

    @property
    def user_tables(self) -> tuple[nn.Embedding, ...]:
        """The vectors of users that the regularisation weighs."""
        return (self.user_embedding,)

    @property
    def item_tables(self) -> tuple[nn.Embedding, ...]:
        return (self.item_embedding,)


def pointwise_loss(held: Tensor, others: Tensor) -> Tensor:
    """-log f(u, i) of held items and -log(1 - f(u, j)) of others, by their logits (CPR eq. 2; log(1 - f) is meant).

    held (n, p), others (n, m); result (n, p + m), not summed.
    """
    return F.softplus(torch.cat([-held, others], dim=1))


def pairwise_loss(held: Tensor, others: Tensor) -> Tensor:
    """-log sigma(f(u, i) - f(u, j)) of every held item with every other one, f being the logit (CPR eq. 1).

    held (n, p), others (n, m); result (n, p, m), not summed.
    """
    return F.softplus(others[:, None, :] - held[:, :, None])


OBJECTIVES = {"pointwise": pointwise_loss, "pairwise": pairwise_loss}


def fit_pairs(model: PairRecommender, split: Split, settings: dict, run: Run) -> Fitted:
    """Train on every held item once an epoch, each with items drawn uniformly from what its user does not hold.

    Settings: objective (pointwise or pairwise), negatives, regularisation, and those of `fit_sampled`.
    """
    if settings["objective"] not in OBJECTIVES:
        raise BadInput(f"objective '{settings['objective']}' is unknown; use one of {', '.join(OBJECTIVES)}")
    held = split.held
    negatives = Negatives(held, split.catalogue)

    def draw(generator):
        return held.rows, held.items, negatives.draw(held.rows, settings["negatives"], generator)

    def loss(users, items, others):
        return mean_loss(model, users, items, others, settings["objective"], settings["regularisation"])

    return fit_sampled(model, draw, loss, settings, run)


def mean_loss(
    model: PairRecommender, users: Tensor, items: Tensor, others: Tensor, objective: str, regularisation: float
) -> Tensor:
    """The mean over terms of the objective plus lambda |Theta|^2, Theta being the vectors of the term: those of a pair
    (pointwise) or of a triple (pairwise).

    users, items (n,); others (n, negatives).
    """
    both = torch.cat([items[:, None], others], dim=1)
    logits = model.logits(users, both)
    terms = OBJECTIVES[objective](logits[:, :1], logits[:, 1:]).mean()
    if regularisation == 0:
        return terms
    user = _mean_squares(model.user_tables, users)
    if objective == "pointwise":
        return terms + regularisation * (user + _mean_squares(model.item_tables, both))
    of_items = [_mean_squares(model.item_tables, index) for index in (both[:, :1], both[:, 1:])]
    return terms + regularisation * (user + sum(of_items))


def _mean_squares(tables: tuple[nn.Embedding, ...], index: Tensor) -> Tensor:
    """The mean over `index` of the squared length of the row it names; by how often each row is named, where that is
    the shorter way."""
    rows = tables[0].num_embeddings
    if rows > index.numel():
        return sum(table(index).square().sum(-1).mean() for table in tables)
    often = how_often(index, rows).to(tables[0].weight) / index.numel()
    return sum(often @ table.weight.square().sum(1) for table in tables)
