"""BPR-MF: matrix factorisation trained to order pairs of items (Rendle et al., UAI 2009)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.bpr.gradients import add_gradients
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.stochastic import ByRows, fit_sampled
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import Fitted, Recommender, Run


def build(split: Split, settings: dict) -> "BPR":
    model = BPR(split.users, split.catalogue, settings["embedding"], settings["item_bias"])
    normal(model, settings["initial_std"])
    nn.init.zeros_(model.item_bias.weight)
    return model


def fit(model: "BPR", split: Split, settings: dict, run: Run) -> Fitted:
    """BPR-Opt over triples (u, i, j) of the training data: i held by u, j drawn uniformly from what u does not hold."""
    held = split.held
    negatives = Negatives(held, split.catalogue)

    def draw(generator):
        return held.rows, held.items, negatives.draw(held.rows, settings["negatives"], generator)

    def loss(users, items, others):
        return bpr_loss(model, users, items, others, settings["regularisation"])

    def touched(users, items, others):
        both = torch.cat([items, others.flatten()])
        return users, both, both

    def gradients(*batch_and_tables):
        return add_gradients(*batch_and_tables, settings["regularisation"])

    return fit_sampled(model, draw, loss, settings, run, by_rows=ByRows(touched, gradients))


class BPR(Recommender):
    """xhat_ui = <w_u, h_i> (sec. 4.3.1), plus b_i where items have a bias."""

    max_length = 1  # the history does not matter

    def __init__(self, users: int, catalogue: int, dim: int, item_bias: bool = False) -> None:
        super().__init__()
        self.user_embedding = nn.Embedding(users, dim)
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.item_bias = nn.Embedding(catalogue, int(item_bias))  # b: one column, or none

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        vectors = self.user_embedding(users)
        return torch.cat([vectors, vectors.new_ones(len(users), self.item_bias.embedding_dim)], dim=1)

    def item_vectors(self) -> Tensor:
        return torch.cat([self.item_embedding.weight, self.item_bias.weight], dim=1)


def bpr_loss(model: BPR, users: Tensor, items: Tensor, others: Tensor, regularisation: float) -> Tensor:
    """-ln sigma(xhat_ui - xhat_uj) + lambda |Theta|^2, the mean over triples, Theta: a triple's vectors and biases.

    users, items (n,); others (n, negatives).
    """
    user, item = model.user_embedding(users)[:, None], model.item_embedding(items)[:, None]
    other = model.item_embedding(others)
    bias, other_bias = model.item_bias(items)[:, None], model.item_bias(others)
    margin = (user * (item - other)).sum(-1) + (bias - other_bias).sum(-1)
    squares = sum(vector.square().sum(-1) for vector in (user, item, other, bias, other_bias))
    return (regularisation * squares - F.logsigmoid(margin)).mean()
