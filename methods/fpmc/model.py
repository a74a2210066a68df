"""FPMC: factorised personalised Markov chains (Rendle et al., WWW 2010)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.sampling import other_items
from methods.engine.data.split import Split
from methods.engine.fit.stochastic import ByRows, fit_sampled, transitions
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import Fitted, Recommender, Run
from methods.fpmc.gradients import add_gradients


def build(split: Split, settings: dict) -> "FPMC":
    model = FPMC(split.users, split.catalogue, settings["embedding"])
    normal(model, settings["initial_std"])
    return model


def fit(model: "FPMC", split: Split, settings: dict, run: Run) -> Fitted:
    """S-BPR over (u, t, i, j): i follows item t - 1 of user u, j is any other item."""
    users, lasts, items = transitions(split)

    def draw(generator):
        return users, lasts, items, other_items(items, settings["negatives"], split.catalogue, generator)

    def loss(*batch):
        return sbpr_loss(model, *batch, settings["regularisation"])

    def touched(users, lasts, items, others):
        both = torch.cat([items, others.flatten()])
        return users, both, both, lasts

    def gradients(*batch_and_tables):
        return add_gradients(*batch_and_tables, settings["regularisation"])

    return fit_sampled(model, draw, loss, settings, run, by_rows=ByRows(touched, gradients))


class FPMC(Recommender):
    """xhat_uti = <v_u^UI, v_i^IU> + <v_i^IL, v_l^LI>, l the last item: a basket of one.

    The user-to-last-item term of the full model is the same for every i, and drops out of the order.
    """

    max_length = 1  # the last item

    def __init__(self, users: int, catalogue: int, dim: int) -> None:
        super().__init__()
        self.user_embedding = nn.Embedding(users, dim)  # v^UI
        self.item_for_user = nn.Embedding(catalogue, dim)  # v^IU
        self.item_for_last = nn.Embedding(catalogue, dim)  # v^IL
        self.last_embedding = nn.Embedding(catalogue, dim)  # v^LI

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        last = items[torch.arange(len(items), device=items.device), lengths - 1]
        return (
            self.user_embedding(users) @ self.item_for_user.weight.T
            + self.last_embedding(last) @ self.item_for_last.weight.T
        )


def sbpr_loss(
    model: FPMC, users: Tensor, lasts: Tensor, items: Tensor, others: Tensor, regularisation: float
) -> Tensor:
    """-ln sigma(xhat_uti - xhat_utj) + lambda |Theta|^2, the mean over samples.

    users, lasts, items (n,); others (n, negatives).
    """
    user, last = model.user_embedding(users)[:, None], model.last_embedding(lasts)[:, None]
    item_user, item_last = model.item_for_user(items)[:, None], model.item_for_last(items)[:, None]
    other_user, other_last = model.item_for_user(others), model.item_for_last(others)
    margin = (user * (item_user - other_user) + last * (item_last - other_last)).sum(-1)
    vectors = (user, last, item_user, item_last, other_user, other_last)
    squares = sum(vector.square().sum(-1) for vector in vectors)
    return (regularisation * squares - F.logsigmoid(margin)).mean()
