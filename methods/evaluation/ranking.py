"""Full ranking: the place of each held-out item among all items, by counting, without a sort."""

import itertools
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from methods.engine.data.interactions import Holdings
from methods.engine.data.split import Candidates, Split, Targets
from methods.engine.fit.losses import rows_at_once
from methods.engine.layers.cores import cores, over_cores
from methods.engine.recommender import Recommender
from methods.evaluation import kernels
from methods.evaluation.counting import count_among, count_ranks, count_ranks_by_item, of_users

ITEMS_AT_ONCE = 1 << 13  # of histories that a core reads: their vectors stay in its cache
GPU_ITEMS = 1 << 19  # of histories, filled up, that a GPU reads at once: it holds all that a model makes of them
USERS_AT_ONCE = 1 << 16  # whose vectors are held, 16 MiB of 64 numbers each
SCORES_AT_ONCE = 1 << 18  # that a core counts: its cache holds them and much of the table of items
ROWS = 48  # that a CPU's product takes together: a chunk has a multiple, and at least twice as many, lest it wait
CHUNKS_AT_ONCE = 4  # that a core takes: so few that the cores end together


@dataclass(frozen=True)
class Ranks:
    """For each target: how many items score strictly higher, and how many others the same. Arrays of shape (targets,).

    `kept`: among all items. `removed`: without the items of the user's history (the target itself always stays).
    `sampled`: among the user's sampled candidates and the target, where the split has candidates.
    """

    users: np.ndarray
    targets: np.ndarray
    above_kept: np.ndarray
    ties_kept: np.ndarray
    above_removed: np.ndarray
    ties_removed: np.ndarray
    above_sampled: np.ndarray | None = None
    ties_sampled: np.ndarray | None = None


@torch.inference_mode()
def rank(
    model: Recommender, split: Split, targets: Targets, device: torch.device, sampled: Candidates | None = None
) -> Ranks:
    """Rank the target of every user over the whole catalogue, given the user's history in `split`, and among its
    `sampled` candidates by the same scores."""
    was_training = model.training
    model.eval()
    # by numpy: torch wakes all cores for so little, which then keep waiting for more in the way of what follows
    read = np.diff(split.offsets.numpy())[targets.users.numpy()]
    if model.max_length is not None:
        np.minimum(read, model.max_length, out=read)
    # users of whom it reads equally much together: little padding. The sort takes no time where all is sorted
    order = np.argsort(read, kind="stable")
    users, items, lengths = (each[order] for each in (targets.users.numpy(), targets.items.numpy(), read))
    counts = np.empty((4 if sampled is None else 6, len(order)), dtype=np.int64)
    asked = _Asked(split, split.held, users, items, lengths, device, sampled, counts)
    if model.scores_by_product and device.type == "cpu":
        for stretch in _parts(len(order), USERS_AT_ONCE):
            _rank_by_products(model, asked, stretch)
    else:
        rows = rows_at_once(device, split.catalogue)
        parts = _parts(len(order), rows) if device.type == "cpu" else _that_fit(lengths, rows)
        over_cores(partial(_rank_by_scores, model, asked), parts, device)
    in_order = np.empty_like(counts)
    in_order[:, order] = counts
    model.train(was_training)
    return Ranks(targets.users.numpy(), targets.items.numpy(), *in_order)


@dataclass(frozen=True)
class _Asked:
    """What is ranked, in the order in which it is: users, their targets, and how many items are read of each (n,). What
    is found goes into counts (4, n), or (6, n) with those among sampled candidates: the arrays of `Ranks`."""

    split: Split
    held: Holdings
    users: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    device: torch.device
    sampled: Candidates | None
    counts: np.ndarray

    def given(self, part: slice) -> tuple[Tensor, Tensor, Tensor]:
        """Users, their last items and how many they are, as models take them."""
        found = torch.from_numpy(self.users[part]), *recent(self.split, self.users[part], self.lengths[part])
        return tuple(each.to(self.device) for each in found)

    def among_all(self, part: slice) -> tuple[np.ndarray, np.ndarray, Holdings, np.ndarray]:
        """What counting takes beside the scores of a part."""
        return self.targets[part], self.users[part], self.held, self.counts[:4, part]

    def count_among_sampled(self, scores: Tensor, part: slice) -> None:
        if self.sampled is not None:
            users, targets = torch.from_numpy(self.users[part]), torch.from_numpy(self.targets[part])
            given = (targets, *of_users(self.sampled, users))
            self.counts[4:, part] = count_among(scores, *(each.to(self.device) for each in given)).cpu().numpy()


def _rank_by_scores(model: Recommender, asked: _Asked, part: slice) -> None:
    # nothing that outlives a part is made beside its scores: it would keep their memory from the next part's
    scores = model.score(*asked.given(part))
    _expect(scores, (part.stop - part.start, asked.split.catalogue), model, "score gave scores")
    count_ranks(scores, *asked.among_all(part))
    asked.count_among_sampled(scores, part)


def _rank_by_products(model: Recommender, asked: _Asked, stretch: slice) -> None:
    """On a CPU: first the users' vectors of a stretch, in chunks, then the product of each chunk with the items.

    Scores stand item by item: so the product walks the table as it is stored, and is faster by an eighth.
    """
    size, catalogue, table = stretch.stop - stretch.start, asked.split.catalogue, model.item_vectors()
    _expect(table, (catalogue, table.shape[1]), model, "item_vectors gave vectors")
    most = max(2, SCORES_AT_ONCE // catalogue // ROWS)
    rows = ROWS * min(most, -(-size // (cores(asked.device) * ROWS)))
    chunks = table.new_empty(-(-size // rows), table.shape[1], rows)  # of vectors, laid out across
    across = chunks.numpy()
    across[-1] = 0  # the last is filled up

    def lay(share: slice) -> None:
        vectors = model.user_vectors(*asked.given(slice(stretch.start + share.start, stretch.start + share.stop)))
        _expect(vectors, (share.stop - share.start, table.shape[1]), model, "user_vectors gave vectors")
        kernels.lay_across(vectors.detach().numpy(), share.start, across)

    def multiply(share: slice) -> None:
        scores = table.new_empty(catalogue, rows)
        for number in range(share.start, share.stop):
            begin = stretch.start + number * rows
            part = slice(begin, min(begin + rows, stretch.stop))
            torch.mm(table, chunks[number], out=scores)
            count_ranks_by_item(scores, *asked.among_all(part))
            asked.count_among_sampled(scores.T, part)

    shares = _by_items_read(asked.lengths[stretch], min(ITEMS_AT_ONCE, -(-size // cores(asked.device))))
    over_cores(lay, shares, asked.device)
    at_once = min(CHUNKS_AT_ONCE, -(-len(chunks) // cores(asked.device)))
    over_cores(multiply, _parts(len(chunks), at_once), asked.device)


def _expect(given: Tensor, shape: tuple[int, ...], model: Recommender, what: str) -> None:
    if given.shape != shape:
        raise ValueError(f"{type(model).__name__}.{what} of shape {tuple(given.shape)}, expected {shape}")


def recent(split: Split, users: np.ndarray, lengths: np.ndarray) -> tuple[Tensor, Tensor]:
    """The last lengths[n] items of each user n, filled up on the right with 0, and the lengths."""
    if not lengths.all():
        raise ValueError(f"user {users[lengths.argmin()]} has no training history to rank from")
    found = np.zeros((len(lengths), lengths.max()), dtype=np.int64)  # numpy takes a fraction of torch's time here
    kernels.fill_recent(split.items.numpy(), split.offsets.numpy()[users + 1], lengths, found)
    return torch.from_numpy(found), torch.from_numpy(lengths)


def _parts(count: int, most: int) -> list[slice]:
    """Slices of the numbers below `count`, of about the same size, at most `most`."""
    size = -(-count // max(1, -(-count // most)))
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)] if count else []


def _that_fit(lengths: np.ndarray, most: int) -> list[slice]:
    """Slices of users who read `lengths` items, ascending: of one, or of at most `most` who read GPU_ITEMS together,
    all filled up to the longest. Those who read most come first."""
    parts, end = [], len(lengths)
    while end:
        rows = min(most, GPU_ITEMS // max(1, int(lengths[end - 1])))
        parts.append(slice(max(0, end - max(1, rows)), end))
        end = parts[-1].start
    return parts


def _by_items_read(lengths: np.ndarray, most: int) -> list[slice]:
    """Slices of users who read `lengths` items, ascending: of at most `most`, who read about ITEMS_AT_ONCE together."""
    read, whole = np.concatenate([[0], np.maximum(lengths * most, ITEMS_AT_ONCE).cumsum()]), ITEMS_AT_ONCE * most
    cuts = np.searchsorted(read, np.arange(whole, read[-1], whole), side="right") - 1
    ends = [0, *cuts.tolist(), len(lengths)]
    return [slice(begin, end) for begin, end in itertools.pairwise(ends) if begin < end]
