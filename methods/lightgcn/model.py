"""LightGCN: vectors of users and items, averaged over the layers of their graph (He et al., SIGIR 2020)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Split
from methods.engine.fit.pairs import PairRecommender, fit_pairs
from methods.engine.layers.graph import Graph
from methods.engine.layers.kept import Kept

fit = fit_pairs


def build(split: Split, settings: dict) -> "LightGCN":
    if settings["layers"] < 0:
        raise BadInput(f"setting layers is {settings['layers']}: it must be at least 0 (matrix factorisation)")
    graph = Graph(split.held, split.catalogue)
    model = LightGCN(graph, split.users, split.catalogue, settings["embedding"], settings["layers"])
    for table in (model.user_embedding, model.item_embedding):
        nn.init.xavier_uniform_(table.weight)
    return model


class LightGCN(PairRecommender):
    """yhat_ui = e_u . e_i, e the mean of E^(0) .. E^(K), E^(k+1) = D^-1/2 A D^-1/2 E^(k) (eqs. 3 to 8).

    The graph is that of the training histories, also when the test item is ranked.
    """

    def __init__(self, graph: Graph, users: int, catalogue: int, dim: int, layers: int) -> None:
        super().__init__()
        self.user_embedding = nn.Embedding(users, dim)  # E^(0)
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.graph, self.layers = graph, layers
        self._final: Kept[tuple[Tensor, Tensor]] = Kept()

    def propagated(self) -> tuple[Tensor, Tensor]:
        """e of all users and of all items. Shapes (users, dim), (catalogue, dim)."""
        start = torch.cat([self.user_embedding.weight, self.item_embedding.weight])
        final = self.graph.mean_of_layers(start, self.layers)
        return final[: self.user_embedding.num_embeddings], final[self.user_embedding.num_embeddings :]

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        of_users, of_items = self.propagated()
        return (F.embedding(users, of_users)[:, None] * F.embedding(items, of_items)).sum(dim=2)

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self._propagated_once()[0][users]

    def item_vectors(self) -> Tensor:
        return self._propagated_once()[1]

    def _propagated_once(self) -> tuple[Tensor, Tensor]:
        """For all batches of users, until a weight changes; without a gradient."""
        return self._final.get(self.parameters(), self.propagated)
