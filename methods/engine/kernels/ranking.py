"""Counting ranks, and laying out what is ranked from."""

import numpy as np

from methods.engine.kernels import compiled

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
        counts[0, row], counts[1, row] = above, ties - 1  # the target ties with itself
        own_seen, seen_above, seen_ties = seen[offsets[user] : offsets[user + 1]], 0, 0
        for item in own_seen:
            seen_above += own[item] > target
        if ties > 1:
            for item in own_seen:
                seen_ties += own[item] == target and item != wanted
        counts[2, row], counts[3, row] = counts[0, row] - seen_above, counts[1, row] - seen_ties
    return True


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
