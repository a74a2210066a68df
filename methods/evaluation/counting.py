"""Counting how many items score above a target, or the same: its rank, without a sort."""

import numpy as np
import torch
from torch import Tensor

from methods.engine.data.interactions import Holdings
from methods.engine.data.ragged import members
from methods.engine.data.split import Candidates
from methods.evaluation import kernels


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


def count_ranks_by_item(
    scores: Tensor, targets: np.ndarray, users: np.ndarray, held: Holdings, counts: np.ndarray
) -> None:
    """The same on a CPU for scores that stand item by item, (catalogue, batch); columns behind may be anything."""
    given = (targets, users, held.offsets.numpy(), held.items.numpy())
    _refuse_unless(kernels.count_ranks_by_item(scores.numpy(), *given, counts))


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


def of_users(pairs: Holdings | Candidates, users: Tensor) -> tuple[Tensor, Tensor]:
    """(row, item) of every pair of the users; the row counts within `users`."""
    rows, places = members(pairs.offsets, users)
    return rows, pairs.items[places]
