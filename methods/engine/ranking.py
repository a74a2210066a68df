"""Full ranking: the place of each held-out item among all items, by counting, without a sort."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.engine.cores import cores, over_cores
from methods.engine.interactions import Holdings
from methods.engine.kernels import ranking as kernels
from methods.engine.losses import rows_at_once
from methods.engine.recommender import Recommender
from methods.engine.split import Candidates, Split, Targets

ITEMS_AT_ONCE = 1 << 13  # of histories that a core reads: their vectors stay in its cache
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


def count_ranks(scores: Tensor, targets: np.ndarray, users: np.ndarray, held: Holdings, counts: np.ndarray) -> None:
    """Fills counts (4, batch): above and ties over all items, above and ties without those that the row's user holds.

    scores (batch, catalogue); targets (batch,); users (batch,), rows of `held`. The arrays are numpy's: a slice of one
    costs next to nothing, and leaves the interpreter to this core.
    Raises FloatingPointError for a score that is not finite, which a comparison would quietly rank first or last.
    """
    if scores.device.type == "cpu":
        finite = kernels.count_ranks(scores.numpy(), targets, users, held.offsets.numpy(), held.items.numpy(), counts)
    else:
        finite = _count_by_torch(scores, torch.from_numpy(targets), *of_users(held, torch.from_numpy(users)), counts)
    _refuse_unless(finite)


def _refuse_unless(finite: bool) -> None:
    if not finite:
        raise FloatingPointError("a score is not finite: the model diverged (lower its learning rate)")


def _count_by_torch(scores: Tensor, targets: Tensor, rows: Tensor, seen: Tensor, counts: np.ndarray) -> bool:
    """Fills `counts` as the kernel does, on any device. The seen item seen[j] belongs to row rows[j]."""
    targets, rows, seen = (each.to(scores.device) for each in (targets, rows, seen))
    target_scores = scores.gather(1, targets[:, None])
    of_seen = scores[rows, seen]
    found = torch.empty(4, len(scores), dtype=torch.int64, device=scores.device)
    for place, test in enumerate((torch.gt, torch.eq)):
        among_seen = test(of_seen, target_scores[rows, 0]) & (seen != targets[rows])
        found[place] = test(scores, target_scores).sum(1) - place  # the target ties with itself
        found[2 + place] = found[place] - torch.bincount(rows[among_seen], minlength=len(scores))
    counts[:] = found.cpu().numpy()
    return bool(torch.isfinite(scores).all())


def beaten(scores: Tensor, targets: Tensor) -> Tensor:
    """Whether any item scores higher than the target. scores (batch, catalogue); targets, result (batch,)."""
    if scores.device.type != "cpu":
        return (scores > scores.gather(1, targets[:, None])).any(1)
    found = torch.empty(len(scores), dtype=torch.bool)
    kernels.find_beaten(scores.numpy(), targets.numpy(), found.numpy())
    return found


def count_among(scores: Tensor, targets: Tensor, rows: Tensor, candidates: Tensor) -> Tensor:
    """Counts (2, batch): above and ties among a row's candidates. candidate[j], not the target, belongs to row rows[j];
    all else as in `count_ranks`."""
    target_scores = scores.gather(1, targets[:, None])[rows, 0]
    found = scores[rows, candidates]
    counts = torch.zeros(2, len(targets), dtype=torch.int64, device=scores.device)
    return counts.index_add_(1, rows, torch.stack([found > target_scores, found == target_scores]).long())


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
    users, wanted, lengths = (each[order] for each in (targets.users.numpy(), targets.items.numpy(), read))
    there, histories, held = torch.from_numpy(users).to(device), recent(split, users, lengths), split.held
    counts = np.empty((4 if sampled is None else 6, len(order)), dtype=np.int64)

    def known(share: slice) -> tuple[Tensor, Tensor, Tensor]:
        return there[share], *(each.to(device) for each in histories(share))

    def count(share: slice) -> None:
        scores = model.score(*known(share))
        _expect(scores, (share.stop - share.start, split.catalogue), f"{type(model).__name__}.score")
        count_ranks(scores, wanted[share], users[share], held, counts[:4, share])
        count_sampled(scores, share)

    def count_sampled(scores: Tensor, part: slice) -> None:
        if sampled is not None:
            given = (torch.from_numpy(wanted[part]), *of_users(sampled, torch.from_numpy(users[part])))
            counts[4:, part] = count_among(scores, *(each.to(device) for each in given)).cpu().numpy()

    def count_products(stretch: slice) -> None:
        """Scores stand item by item: so the product walks the table as it is stored, and is faster by an eighth."""
        table, seen = model.item_vectors(), (held.offsets.numpy(), held.items.numpy())
        size, most = stretch.stop - stretch.start, max(2, SCORES_AT_ONCE // split.catalogue // ROWS)
        rows = ROWS * min(most, -(-size // (cores(device) * ROWS)))
        chunks = table.new_empty(-(-size // rows), table.shape[1], rows)  # of vectors, laid out across
        across = chunks.numpy()
        across[-1] = 0  # the last is filled up

        def lay(share: slice) -> None:
            vectors = model.user_vectors(*known(slice(stretch.start + share.start, stretch.start + share.stop)))
            _expect(vectors, (share.stop - share.start, table.shape[1]), f"{type(model).__name__}.user_vectors")
            kernels.lay_across(vectors.detach().numpy(), share.start, across)

        def multiply(numbers: slice) -> None:
            scores = table.new_empty(split.catalogue, rows)
            found = scores.numpy()
            for number in range(numbers.start, numbers.stop):
                begin = stretch.start + number * rows
                part = slice(begin, min(begin + rows, stretch.stop))
                torch.mm(table, chunks[number], out=scores)
                given = wanted[part], users[part], *seen
                _refuse_unless(kernels.count_ranks_by_item(found, *given, counts[:4, part]))
                count_sampled(scores.T, part)

        _expect(table, (split.catalogue, table.shape[1]), f"{type(model).__name__}.item_vectors")
        over_cores(lay, _by_items_read(lengths[stretch], min(ITEMS_AT_ONCE, -(-size // cores(device)))), device)
        over_cores(multiply, _parts(len(chunks), min(CHUNKS_AT_ONCE, -(-len(chunks) // cores(device)))), device)

    if model.scores_by_product and device.type == "cpu":
        for stretch in _parts(len(users), USERS_AT_ONCE):
            count_products(stretch)
    else:
        # nothing that outlives a share is made beside its scores: it would keep their memory from the next share's
        over_cores(count, _parts(len(users), rows_at_once(device, split.catalogue)), device)
    in_order = np.empty_like(counts)
    in_order[:, order] = counts
    model.train(was_training)
    return Ranks(targets.users.numpy(), targets.items.numpy(), *in_order)


def _expect(given: Tensor, shape: tuple[int, ...], name: str) -> None:
    if given.shape != shape:
        raise ValueError(f"{name} gave numbers of shape {tuple(given.shape)}, expected {shape}")


def recent(split: Split, users: np.ndarray, lengths: np.ndarray) -> Callable[[slice], tuple[Tensor, Tensor]]:
    """A function that gives for a part of the users as many of the last items of each, filled up on the right with 0,
    and `lengths` (users,) itself."""
    if not lengths.all():
        raise ValueError(f"user {users[lengths.argmin()]} has no training history to rank from")
    items, ends = split.items.numpy(), split.offsets.numpy()[users + 1]

    def of(part: slice) -> tuple[Tensor, Tensor]:
        own = lengths[part]
        found = np.zeros((len(own), own.max()), dtype=np.int64)  # numpy takes a fraction of torch's time for so few
        kernels.fill_recent(items, ends[part], own, found)
        return torch.from_numpy(found), torch.from_numpy(own)

    return of


def _parts(count: int, most: int) -> list[slice]:
    """Slices of the numbers below `count`, of about the same size, at most `most`."""
    size = -(-count // max(1, -(-count // most)))
    return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)] if count else []


def _by_items_read(lengths: np.ndarray, most: int) -> list[slice]:
    """Slices of users who read `lengths` items, ascending: of at most `most`, who read about ITEMS_AT_ONCE together."""
    read, whole = np.concatenate([[0], np.maximum(lengths * most, ITEMS_AT_ONCE).cumsum()]), ITEMS_AT_ONCE * most
    cuts = np.searchsorted(read, np.arange(whole, read[-1], whole), side="right") - 1
    ends = [0, *cuts.tolist(), len(lengths)]
    return [slice(begin, end) for begin, end in itertools.pairwise(ends) if begin < end]


def of_users(pairs: Holdings | Candidates, users: Tensor) -> tuple[Tensor, Tensor]:
    """(row, item) of every pair of the users; the row counts within `users`."""
    begins, ends = pairs.offsets[users], pairs.offsets[users + 1]
    rows = torch.repeat_interleave(torch.arange(len(users)), ends - begins)
    if torch.equal(begins[1:], ends[:-1]):  # they stand together
        return rows, pairs.items[begins[0] : ends[-1]]
    inside = torch.arange(len(rows)) - ((ends - begins).cumsum(0) - ends)[rows]
    return rows, pairs.items[inside]
