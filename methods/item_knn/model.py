"""Item neighbours: the items most similar to those in the history (Deshpande and Karypis, TOIS 2004)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import batch_holdings
from methods.engine.data.split import Split
from methods.engine.recommender import Fitted, Recommender, Run

PAIRS_AT_ONCE = 1 << 23  # pairs of items whose cosines stand in memory at once
HALF, HIGHEST = np.uint64(32), np.uint64(2**32 - 1)
NONE = HIGHEST << HALF  # the key of a free place: item 0 with cosine 0, behind all others


def build(split: Split, settings: dict) -> "ItemKNN":
    if settings["neighbours"] < 1:
        raise BadInput(f"setting neighbours is {settings['neighbours']}: it must be at least 1")
    return ItemKNN(split.catalogue, min(settings["neighbours"], split.catalogue))


def fit(model: "ItemKNN", split: Split, settings: dict, run: Run) -> Fitted:
    held = split.held
    shape = (split.users, split.catalogue)
    matrix = sparse.csr_matrix((np.ones(len(held.rows)), (held.rows.numpy(), held.items.numpy())), shape=shape)
    items, similarities = nearest(matrix, model.neighbours.shape[1])
    model.neighbours.copy_(torch.from_numpy(items))
    model.similarities.copy_(torch.from_numpy(similarities))
    model.to(run.device)
    return Fitted([run.validate(model)], best_epoch=1)


class ItemKNN(Recommender):
    """score(i) = sum over the distinct items j of the history that have i among their k nearest, of cos(i, j).

    neighbours, similarities (catalogue, k): of each item; a place that nothing fills has similarity 0.
    """

    def __init__(self, catalogue: int, k: int) -> None:
        super().__init__()
        self.register_buffer("neighbours", torch.zeros(catalogue, k, dtype=torch.int64))
        self.register_buffer("similarities", torch.zeros(catalogue, k))

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        catalogue = len(self.neighbours)
        held = batch_holdings(items, lengths, catalogue)
        keys = held.rows[:, None] * catalogue + self.neighbours[held.items]
        scores = torch.zeros(len(items) * catalogue, device=items.device)
        scores.index_add_(0, keys.flatten(), self.similarities[held.items].flatten())
        return scores.view(len(items), catalogue)


def nearest(matrix: sparse.csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k other items of highest cosine to each item, and the cosines. matrix: (users, items), 1 where held.

    Of equally similar items the one with the lower identifier comes first. Only items that share a user count; free
    places hold item 0 with cosine 0. Both results have shape (items, k).
    """
    count = matrix.shape[1]
    norms = np.sqrt(np.asarray(matrix.sum(axis=0)).ravel())
    by_user = (matrix @ sparse.diags(1.0 / np.maximum(norms, 1.0))).tocsr()
    by_item = by_user.T.tocsr()
    keys = np.full((count, k), NONE)
    for block in blocks(matrix, by_item):
        product = by_item[block] @ by_user
        found = as_keys(product.data.astype(np.float32), product.indices)
        found[product.indices == np.repeat(np.arange(block.start, block.stop), np.diff(product.indptr))] = NONE
        for row, begin, end in zip(range(block.start, block.stop), product.indptr, product.indptr[1:], strict=False):
            own = found[begin:end]
            own = np.sort(np.partition(own, k)[:k] if len(own) > k else own)
            keys[row, : len(own)] = own
    return (keys & HIGHEST).astype(np.int64), (HIGHEST - (keys >> HALF)).astype(np.uint32).view(np.float32)


def blocks(matrix: sparse.csr_matrix, by_item: sparse.csr_matrix) -> Iterator[slice]:
    """Stretches of items whose cosines take at most some 12 bytes x PAIRS_AT_ONCE, whatever the catalogue."""
    lengths = np.diff(matrix.indptr)
    most = np.minimum(np.add.reduceat(np.append(lengths[by_item.indices], 0), by_item.indptr[:-1]), matrix.shape[1])
    most[np.diff(by_item.indptr) == 0] = 0  # reduceat gives an empty stretch the element behind it
    part = np.cumsum(most) // PAIRS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1), len(most)]
    return (slice(*pair) for pair in pairwise(edges))


def as_keys(cosines: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Numbers whose order is that of falling cosine, and of equal ones that of the identifier: the bits of a positive
    float32 are ordered as it is."""
    return (HIGHEST - cosines.view(np.uint32)) << HALF | items.astype(np.uint64)
