"""Counting ranks, and laying out what is ranked from."""

import numpy as np

from methods.engine.layers.kernels import compiled

F = np.float32
ONE, ZERO = F(1), F(0)


@compiled
def count_ranks(scores, targets, users, offsets, seen, counts):
    """Fills counts (4, batch): above and ties over all items, above and ties without the items that the user has seen,
    seen[offsets[user]:offsets[user + 1]].

    scores (batch, catalogue); targets, users (batch,). Gives whether all scores are finite.
    """
    for row in range(len(scores)):
        own, user, wanted = scores[row], users[row], targets[row]
        target = own[wanted]
        above, ties, total = ZERO, ZERO, ZERO  # counts in the width of a score are the fastest, and exact below 2^24
        for item in range(len(own)):
            score = own[item]
            above += ONE if score > target else ZERO
            ties += ONE if score == target else ZERO
            total += score
        if not np.isfinite(total) and not np.isfinite(own).all():
            return False
        conclude(own, wanted, above, ties, seen[offsets[user] : offsets[user + 1]], counts[:, row])
    return True


@compiled
def count_ranks_by_item(scores, targets, users, offsets, seen, counts):
    """`count_ranks` of scores that stand item by item, (catalogue, batch); columns behind may be anything."""
    batch = len(targets)
    target, totals, tallies = np.empty(batch, scores.dtype), np.zeros(batch, scores.dtype), np.zeros((2, batch), F)
    for row in range(batch):
        target[row] = scores[targets[row], row]
    compare(scores, target, tallies[0], tallies[1], totals)
    for row in range(batch):
        own, user = scores[:, row], users[row]
        if not np.isfinite(totals[row]) and not np.isfinite(own).all():
            return False
        above, ties = tallies[:, row]
        conclude(own, targets[row], above, ties, seen[offsets[user] : offsets[user + 1]], counts[:, row])
    return True


@compiled
def compare(scores, target, above, ties, totals):
    """Adds to three arrays (batch,): how many of a row's scores (catalogue, batch) are above its target's, how many
    equal it, and their sum. Four items at a time: the arrays are read and written as often less."""
    whole = len(scores) // 4 * 4
    for item in range(0, whole, 4):
        for row in range(len(target)):
            more, same, total = ZERO, ZERO, ZERO
            for step in range(4):
                score = scores[item + step, row]
                more += ONE if score > target[row] else ZERO
                same += ONE if score == target[row] else ZERO
                total += score
            above[row] += more
            ties[row] += same
            totals[row] += total
    for item in range(whole, len(scores)):
        for row in range(len(target)):
            score = scores[item, row]
            above[row] += ONE if score > target[row] else ZERO
            ties[row] += ONE if score == target[row] else ZERO
            totals[row] += score


@compiled
def conclude(own, wanted, above, ties, seen, counts):
    """Fills counts (4,) of a row: own (catalogue,) its scores, `ties` with the target itself, seen the user's items."""
    target, seen_above, seen_ties = own[wanted], 0, 0
    for item in seen:
        seen_above += own[item] > target
    if ties > 1:
        for item in seen:
            seen_ties += own[item] == target and item != wanted
    counts[0], counts[1] = above, ties - 1
    counts[2], counts[3] = counts[0] - seen_above, counts[1] - seen_ties


@compiled
def find_beaten(scores, targets, found):
    """Fills found (batch,): whether any of a row's scores (batch, catalogue) is above that of its target."""
    for row in range(len(scores)):
        own, target, above = scores[row], scores[row, targets[row]], ZERO
        for item in range(len(own)):
            above += ONE if own[item] > target else ZERO
        found[row] = above > 0


@compiled
def fill_recent(items, ends, lengths, recent):
    """Fills each row of recent (batch, length) from the left with the last lengths[row] items before ends[row]."""
    for row in range(len(recent)):
        for place in range(lengths[row]):
            recent[row, place] = items[ends[row] - lengths[row] + place]


@compiled
def lay_across(vectors, begin, chunks):
    """Writes vectors (n, dim), numbered from `begin`, into the columns of chunks (.., dim, rows)."""
    rows = chunks.shape[2]
    for row in range(len(vectors)):
        chunk, place = chunks[(begin + row) // rows], (begin + row) % rows
        for d in range(len(chunk)):
            chunk[d, place] = vectors[row, d]
