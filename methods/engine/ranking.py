"""Full ranking: the place of each held-out item among all items, by counting, without a sort."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.engine.interactions import Holdings
from methods.engine.losses import rows_at_once
from methods.engine.recommender import Recommender
from methods.engine.split import Candidates, Split, Targets

BYTES, MOST_WORDS = 8, 255  # of a word; of words whose bytes, 0 or 1 each, can be added within a byte


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


def count_ranks(scores: Tensor, targets: Tensor, rows: Tensor, seen: Tensor) -> Tensor:
    """Counts (4, batch): above and ties over all items, above and ties without the seen ones.

    scores (batch, catalogue); targets (batch,); the seen item seen[j] belongs to row rows[j], each once.
    Raises FloatingPointError for a score that is not finite, which a comparison would quietly rank first or last.
    """
    if not torch.isfinite(scores.sum()) and not torch.isfinite(scores).all():
        raise FloatingPointError("a score is not finite: the model diverged (lower its learning rate)")
    target_scores = scores.gather(1, targets[:, None])
    above, ties = (trues(compared(test, scores, target_scores)) for test in ("greater", "equal"))
    of_seen = scores.reshape(-1).index_select(0, rows * scores.shape[1] + seen)
    of_target = target_scores[:, 0].index_select(0, rows)
    tied = torch.nonzero(of_seen == of_target)[:, 0]  # few
    tied = tied[seen[tied] != targets[rows[tied]]]
    above_seen, ties_seen = (
        counted.bincount(minlength=len(scores)) for counted in (rows[of_seen > of_target], rows[tied])
    )
    return torch.stack([above, ties - 1, above - above_seen, ties - 1 - ties_seen])


def compared(test: str, scores: Tensor, target_scores: Tensor) -> Tensor:
    """Whether scores are `greater` than target_scores, or `equal`; behind them columns of False, as many as `trues`
    wants."""
    catalogue = scores.shape[1]
    group = BYTES * min(MOST_WORDS, -(-catalogue // BYTES))
    flags = torch.empty(len(scores), -(-catalogue // group) * group, dtype=torch.bool, device=scores.device)
    flags[:, catalogue:] = False
    if scores.device.type == "cpu":  # numpy compares some four times as fast as torch
        getattr(np, test)(scores.numpy(), target_scores.numpy(), out=flags.numpy()[:, :catalogue])
    else:
        getattr(torch, {"greater": "gt", "equal": "eq"}[test])(scores, target_scores, out=flags[:, :catalogue])
    return flags


def trues(flags: Tensor) -> Tensor:
    """How many are true in each row. flags (batch, columns) as `compared` gives them; result (batch,) int64.

    Eight flags are added at once: a word of 64 bits holds them as bytes, and 255 words add up without a carry from one
    byte into the next. On a CPU this is some forty times as fast as adding them one by one.
    """
    words = flags.view(torch.int64)
    sums = words.unflatten(1, (-1, min(MOST_WORDS, words.shape[1]))).sum(2)
    return sums.view(torch.uint8).sum(1)


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
    order = torch.argsort(_lengths(split, targets.users, model.max_length), stable=True)
    counts = torch.empty(4 if sampled is None else 6, len(order), dtype=torch.int64)
    for index in order.split(rows_at_once(device, split.catalogue)):  # counted while a cache has them
        users = targets.users[index]
        items, lengths = recent(split, users, model.max_length)
        scores = model.score(users.to(device), items.to(device), lengths.to(device))
        rows, seen = of_users(split.held, users)
        wanted = targets.items[index].to(device)
        counts[:4, index] = count_ranks(scores, wanted, rows.to(device), seen.to(device)).cpu()
        if sampled is not None:
            rows, items = of_users(sampled, users)
            counts[4:, index] = count_among(scores, wanted, rows.to(device), items.to(device)).cpu()
    model.train(was_training)
    return Ranks(targets.users.numpy(), targets.items.numpy(), *counts.numpy())


def recent(split: Split, users: Tensor, length: int | None) -> tuple[Tensor, Tensor]:
    """The last `length` items (None: all) of each user, filled up on the right with 0, and how many they are."""
    lengths = _lengths(split, users, length)
    if (lengths == 0).any():
        raise ValueError(f"user {int(users[lengths == 0][0])} has no training history to rank from")
    columns = torch.arange(int(lengths.max()))
    inside = columns < lengths[:, None]
    position = torch.where(inside, (split.offsets[users + 1] - lengths)[:, None] + columns, 0)
    return torch.where(inside, split.items[position], 0), lengths


def _lengths(split: Split, users: Tensor, length: int | None) -> Tensor:
    lengths = split.offsets[users + 1] - split.offsets[users]
    return lengths if length is None else lengths.clamp(max=length)


def of_users(pairs: Holdings | Candidates, users: Tensor) -> tuple[Tensor, Tensor]:
    """(row, item) of every pair of the users; the row counts within `users`."""
    begins, ends = pairs.offsets[users], pairs.offsets[users + 1]
    rows = torch.repeat_interleave(torch.arange(len(users)), ends - begins)
    if torch.equal(begins[1:], ends[:-1]):  # they stand together
        return rows, pairs.items[begins[0] : ends[-1]]
    inside = torch.arange(len(rows)) - ((ends - begins).cumsum(0) - ends)[rows]
    return rows, pairs.items[inside]
