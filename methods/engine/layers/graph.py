"""Propagation over the graph of users and items that hold each other, by sparse products."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from methods.engine.data.interactions import Holdings
from methods.engine.data.ragged import offsets_of

PRODUCTS_PER_GATHER = 4  # what a neighbour's row costs, in rows of a dense product: 8.2 to 1.9 ns at 128 numbers a row


class Graph(nn.Module):
    """D^-1/2 A D^-1/2 of the bipartite graph: node u is user u, node users + i is item i.

    Row by row: node v has the neighbours `neighbours[offsets[v]:offsets[v + 1]]`, with their weights. Not part of a
    model's weights, for it is made from the split.
    """

    def __init__(self, held: Holdings, catalogue: int) -> None:
        super().__init__()
        users = len(held.offsets) - 1
        by_item = torch.argsort(held.items, stable=True)
        degrees = torch.cat([held.lengths, torch.bincount(held.items, minlength=catalogue)])
        neighbours = torch.cat([held.items + users, held.rows[by_item]])
        nodes = torch.repeat_interleave(torch.arange(len(degrees)), degrees)
        weights = 1 / (degrees[nodes] * degrees[neighbours]).sqrt()
        for name, tensor in (("neighbours", neighbours), ("weights", weights), ("offsets", offsets_of(degrees))):
            self.register_buffer(name, tensor, persistent=False)
        self._powers: dict[tuple, Tensor] = {}

    def product(self, vectors: Tensor) -> Tensor:
        """The matrix times `vectors` (nodes, dim), as a weighted sum of rows for each node.

        Faster on a CPU than torch's product with a CSR matrix, and always in one order.
        """
        first = self.offsets[:-1]
        return F.embedding_bag(self.neighbours, vectors, first, mode="sum", per_sample_weights=self.weights)

    def mean_of_layers(self, vectors: Tensor, layers: int) -> Tensor:
        """(E + M E + .. + M^layers E) / (layers + 1), M being the matrix and E `vectors` (nodes, dim).

        One product with the mean of M's powers, kept, where the graph is so dense that this is the shorter way.
        """
        nodes = len(vectors)
        if nodes**2 > PRODUCTS_PER_GATHER * layers * len(self.neighbours):
            return _MeanOfLayers.apply(vectors, self, layers)
        key = (layers, vectors.dtype, vectors.device)
        if key not in self._powers:
            self._powers[key] = _MeanOfLayers.apply(torch.eye(nodes).to(vectors), self, layers)
        return self._powers[key] @ vectors


class _MeanOfLayers(torch.autograd.Function):
    """The matrix is symmetric, hence the gradient is propagated as the vectors are, and no layer has to be kept."""

    @staticmethod
    def forward(ctx, vectors: Tensor, graph: Graph, layers: int) -> Tensor:
        ctx.graph, ctx.layers = graph, layers
        total = vectors
        for _ in range(layers):  # Horner's scheme: E + M (E + M (E + ..))
            total = graph.product(total).add_(vectors)
        return total / (layers + 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _MeanOfLayers.apply(gradient.contiguous(), ctx.graph, ctx.layers), None, None
