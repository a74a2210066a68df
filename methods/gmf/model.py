"""GMF: generalised matrix factorisation (He et al., WWW 2017)."""

from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.pairs import PairRecommender, fit_pairs
from methods.engine.layers.initialisation import normal

fit = fit_pairs


def build(split: Split, settings: dict) -> "GMF":
    model = GMF(split.users, split.catalogue, settings["embedding"])
    normal(model, settings["initial_std"])
    return model


class GMF(PairRecommender):
    """yhat_ui = sigma(h . (p_u * q_i)) (eq. 9)."""

    def __init__(self, users: int, catalogue: int, dim: int) -> None:
        super().__init__()
        self.user_embedding = nn.Embedding(users, dim)  # p
        self.item_embedding = nn.Embedding(catalogue, dim)  # q
        self.out = nn.Linear(dim, 1, bias=False)  # h

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        return (self.user_vectors(users)[:, None] * self.item_embedding(items)).sum(dim=2)

    def user_vectors(self, users: Tensor, items: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        return self.user_embedding(users) * self.out.weight

    def item_vectors(self) -> Tensor:
        return self.item_embedding.weight
