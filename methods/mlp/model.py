"""MLP: a tower of layers over the vectors of user and item (He et al., WWW 2017)."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.pairs import PairRecommender, fit_pairs
from methods.engine.layers.initialisation import normal
from methods.mlp.settings import widths

VALUES_AT_ONCE = {"cpu": 1 << 18, "cuda": 1 << 27}  # hidden values in ranking: a core's cache, a GPU's fill

fit = fit_pairs


def build(split: Split, settings: dict) -> "MLP":
    model = MLP(split.users, split.catalogue, settings["embedding"], settings["layers"])
    normal(model, settings["initial_std"])
    return model


class MLP(PairRecommender):
    """yhat_ui = sigma(h . z), z = relu(W_L .. relu(W_1 [p_u, q_i] + b_1) .. + b_L) (eq. 10)."""

    def __init__(self, users: int, catalogue: int, dim: int, layers: int) -> None:
        super().__init__()
        sizes = widths(dim, layers)
        self.user_embedding = nn.Embedding(users, dim)  # p
        self.item_embedding = nn.Embedding(catalogue, dim)  # q
        self.hidden = nn.ModuleList(map(nn.Linear, [2 * dim, *sizes], sizes))  # W, b
        self.out = nn.Linear(sizes[-1], 1, bias=False)  # h

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        of_user, of_item = self._first_layer
        user = self.user_embedding(users) @ of_user.T + self.hidden[0].bias
        return self._upper_layers(user[:, None] + self.item_embedding(items) @ of_item.T)

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        """The first layer's product once for each user and each item, the rest in blocks of users."""
        of_user, of_item = self._first_layer
        user = self.user_embedding(users) @ of_user.T + self.hidden[0].bias
        item = self.item_embedding.weight @ of_item.T
        block = max(1, VALUES_AT_ONCE[item.device.type] // item.numel())
        return torch.cat([self._upper_layers(some[:, None] + item) for some in user.split(block)])

    @property
    def _first_layer(self) -> tuple[Tensor, Tensor]:
        """W_1 [p, q] = W_1p p + W_1q q: its two parts, of shape (units, dim)."""
        return self.hidden[0].weight.chunk(2, dim=1)

    def _upper_layers(self, first: Tensor) -> Tensor:
        """Logits from what enters the first layer's relu. first (.., units); result (..)."""
        state = first.relu()
        for layer in self.hidden[1:]:
            state = layer(state).relu()
        return self.out(state)[..., 0]
