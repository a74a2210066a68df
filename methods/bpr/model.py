"""BPR-MF: matrix factorisation trained to order pairs of items (Rendle et al., UAI 2009)."""

import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.initialisation import normal
from methods.engine.recommender import Fitted, Recommender, Run
from methods.engine.sampling import Negatives
from methods.engine.split import Split
from methods.engine.stochastic import fit_sampled


def build(split: Split, settings: dict) -> "BPR":
    model = BPR(split.users, split.catalogue, settings["embedding"])
    normal(model, settings["initial_std"])
    return model


def fit(model: "BPR", split: Split, settings: dict, run: Run) -> Fitted:
    """BPR-Opt over triples (u, i, j) of the training data: i held by u, j drawn uniformly from what u does not hold."""
    held = split.held
    negatives = Negatives(held, split.catalogue)

    def draw(generator):
        return held.rows, held.items, negatives.draw(held.rows, settings["negatives"], generator)

    def loss(users, items, others):
        return bpr_loss(model, users, items, others, settings["regularisation"])

    return fit_sampled(model, draw, loss, settings, run)


class BPR(Recommender):
    """xhat_ui = <w_u, h_i> (sec. 4.3.1)."""

    max_length = 1  # the history does not matter

    def __init__(self, users: int, catalogue: int, dim: int) -> None:
        super().__init__()
        self.user_embedding = nn.Embedding(users, dim)
        self.item_embedding = nn.Embedding(catalogue, dim)

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self.user_embedding(users)

    def item_vectors(self) -> Tensor:
        return self.item_embedding.weight


def bpr_loss(model: BPR, users: Tensor, items: Tensor, others: Tensor, regularisation: float) -> Tensor:
    """-ln sigma(xhat_ui - xhat_uj) + lambda |Theta|^2, the mean over triples, Theta being the vectors of the triple.

    users, items (n,); others (n, negatives).
    """
    user, item = model.user_embedding(users)[:, None], model.item_embedding(items)[:, None]
    other = model.item_embedding(others)
    margin = (user * (item - other)).sum(-1)
    squares = user.square().sum(-1) + item.square().sum(-1) + other.square().sum(-1)
    return (regularisation * squares - F.logsigmoid(margin)).mean()
