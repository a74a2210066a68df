"""NeuMF: GMF and MLP side by side under one output (He et al., WWW 2017)."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.pairs import PairRecommender, fit_pairs
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import Fitted, Run
from methods.gmf.model import GMF
from methods.mlp.model import MLP


def build(split: Split, settings: dict) -> "NeuMF":
    model = NeuMF(split.users, split.catalogue, settings["embedding"], settings["layers"])
    normal(model, settings["initial_std"])
    return model


def fit(model: "NeuMF", split: Split, settings: dict, run: Run) -> Fitted:
    """With `pretraining` both parts are trained alone first, and h = [alpha h_GMF, (1 - alpha) h_MLP] (eq. 13)."""
    if settings["pretraining"]:
        share = settings["pretrained_share"]
        for name, part, weight in (("GMF", model.gmf, share), ("MLP", model.mlp, 1 - share)):
            run.progress(f"pretraining {name}")
            fit_pairs(part, split, settings, run)
            with torch.no_grad():
                part.out.weight *= weight
        run.progress("training NeuMF")
    return fit_pairs(model, split, settings, run)


class NeuMF(PairRecommender):
    """yhat_ui = sigma(h . [p_u^G * q_i^G, z_ui]), z the last layer of the MLP part, which has its own p and q (eq. 12).

    h is kept in two pieces, one as the output of each part: the product with h is the sum of the parts' logits.
    """

    def __init__(self, users: int, catalogue: int, dim: int, layers: int) -> None:
        super().__init__()
        self.gmf = GMF(users, catalogue, dim)
        self.mlp = MLP(users, catalogue, dim, layers)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        return self.gmf.logits(users, items) + self.mlp.logits(users, items)

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self.gmf.score(users, items, lengths) + self.mlp.score(users, items, lengths)

    @property
    def user_tables(self) -> tuple[nn.Embedding, ...]:
        return self.gmf.user_embedding, self.mlp.user_embedding

    @property
    def item_tables(self) -> tuple[nn.Embedding, ...]:
        return self.gmf.item_embedding, self.mlp.item_embedding
