"""Full ranking: the place of each held-out item among all items, by counting, without a sort."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.engine.cores import over_cores
from methods.engine.interactions import Holdings
from methods.engine.kernels import ranking as kernels
from methods.engine.losses import rows_at_once
from methods.engine.recommender import Recommender
from methods.engine.split import Candidates, Split, Targets


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


def count_ranks(scores: Tensor, targets: Tensor, users: Tensor, held: Holdings) -> Tensor:
    """Counts (4, batch): above and ties over all items, above and ties without those that the row's user holds.

    scores (batch, catalogue); targets (batch,); users (batch,), rows of `held`, on the CPU.
    Raises FloatingPointError for a score that is not finite, which a comparison would quietly rank first or last.
    """
    counts = torch.empty(4, len(scores), dtype=torch.int64, device=scores.device)
    if scores.device.type == "cpu":
        arrays = (scores, targets, users, held.offsets, held.items, counts)
        finite = kernels.count_ranks(*(each.numpy() for each in arrays))
    else:
        finite = _count_by_torch(scores, targets, *of_users(held, users), counts)
    if not finite:
        raise FloatingPointError("a score is not finite: the model diverged (lower its learning rate)")
    return counts


def _count_by_torch(scores: Tensor, targets: Tensor, rows: Tensor, seen: Tensor, counts: Tensor) -> bool:
    """Fills `counts` as the kernel does, on any device. The seen item seen[j] belongs to row rows[j]."""
    rows, seen = rows.to(scores.device), seen.to(scores.device)
    target_scores = scores.gather(1, targets[:, None])
    of_seen = scores[rows, seen]
    for place, test in enumerate((torch.gt, torch.eq)):
        among_seen = test(of_seen, target_scores[rows, 0]) & (seen != targets[rows])
        counts[place] = test(scores, target_scores).sum(1) - place  # the target ties with itself
        counts[2 + place] = counts[place] - torch.bincount(rows[among_seen], minlength=len(scores))
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
    # users of whom the model reads equally much together: little padding
    read = split.lengths[targets.users]
    order = torch.argsort(read if model.max_length is None else read.clamp(max=model.max_length), stable=True)
    ordered, wanted = targets.users[order], targets.items[order]
    held, rows = split.held, rows_at_once(device, split.catalogue)  # so few that a cache has their scores when counted
    counts = torch.empty(4 if sampled is None else 6, len(order), dtype=torch.int64)

    def count(begin: int) -> None:
        part = slice(begin, begin + rows)
        users, items = ordered[part], wanted[part].to(device)
        scores = model.score(*(each.to(device) for each in (users, *recent(split, users, model.max_length))))
        if scores.shape != (len(users), split.catalogue):
            shape, wanted_shape = tuple(scores.shape), (len(users), split.catalogue)
            raise ValueError(f"{type(model).__name__}.score gave scores of shape {shape}, expected {wanted_shape}")
        counts[:4, part] = count_ranks(scores, items, users, held)
        if sampled is not None:
            counts[4:, part] = count_among(scores, items, *(each.to(device) for each in of_users(sampled, users)))

    # nothing that outlives a share is made beside its scores: it would keep their memory from the next share's
    over_cores(count, range(0, len(order), rows), device)
    counts[:, order] = counts.clone()
    model.train(was_training)
    return Ranks(targets.users.numpy(), targets.items.numpy(), *counts.numpy())


def recent(split: Split, users: Tensor, length: int | None) -> tuple[Tensor, Tensor]:
    """The last `length` items (None: all) of each user, filled up on the right with 0, and how many they are."""
    own = users.numpy()  # numpy takes a fraction of torch's time for so few numbers
    ends = split.offsets.numpy()[own + 1]
    lengths = ends - split.offsets.numpy()[own]
    if length is not None:
        np.minimum(lengths, length, out=lengths)
    if not lengths.all():
        raise ValueError(f"user {own[lengths == 0][0]} has no training history to rank from")
    items = np.zeros((len(own), lengths.max()), dtype=np.int64)
    kernels.fill_recent(split.items.numpy(), ends, lengths, items)
    return torch.from_numpy(items), torch.from_numpy(lengths)


def of_users(pairs: Holdings | Candidates, users: Tensor) -> tuple[Tensor, Tensor]:
    """(row, item) of every pair of the users; the row counts within `users`."""
    begins, ends = pairs.offsets[users], pairs.offsets[users + 1]
    rows = torch.repeat_interleave(torch.arange(len(users)), ends - begins)
    if torch.equal(begins[1:], ends[:-1]):  # they stand together
        return rows, pairs.items[begins[0] : ends[-1]]
    inside = torch.arange(len(rows)) - ((ends - begins).cumsum(0) - ends)[rows]
    return rows, pairs.items[inside]
