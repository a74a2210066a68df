"""Item neighbours: the items most similar to those in the history (Deshpande and Karypis, TOIS 2004)."""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.interactions import batch_holdings
from methods.engine.recommender import Fitted, Recommender, Run
from methods.engine.split import Split

ROWS_AT_ONCE = 1024


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
    norms = np.sqrt(np.asarray(matrix.sum(axis=0)).ravel())
    columns = (matrix @ sparse.diags(1.0 / np.maximum(norms, 1.0))).tocsc()
    by_item = columns.T.tocsr()
    items, cosines = np.zeros((matrix.shape[1], k), dtype=np.int64), np.zeros((matrix.shape[1], k), dtype=np.float32)
    for start in range(0, matrix.shape[1], ROWS_AT_ONCE):
        block = (by_item[start : start + ROWS_AT_ONCE] @ columns).tocoo()
        rows, others, values = block.row + start, block.col, block.data.astype(np.float32)
        different = rows != others
        rows, others, values = rows[different], others[different], values[different]
        order = np.lexsort((others, -values, rows))
        rows, others, values = rows[order], others[order], values[order]
        place = np.arange(len(rows)) - np.searchsorted(rows, rows)
        near = place < k
        items[rows[near], place[near]] = others[near]
        cosines[rows[near], place[near]] = values[near]
    return items, cosines
