"""Causal self-attention with dropout of its weights, and its gradients."""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.dropout import drop
from methods.engine.layers.kernels.exponential import exp_of

LARGE = 60  # the exponential of it, and of many, is far below what float32 can hold


@compiled
def weigh(scores, scale):
    """Makes of scores (n, length, length), in place, weights of causal attention: of row i the softmax of scale times
    its first i + 1 scores, and 0.

    Exponentials are taken of all at once, as no short row is a whole number of vectors: scores beyond LARGE are shifted
    before, each row by its largest.
    """
    kind, length = scores.dtype.type, scores.shape[1]
    zero, one, times, large = kind(0), kind(1), kind(scale), kind(LARGE)
    for n in range(len(scores)):
        own, beyond = scores[n], zero
        flat = own.reshape(-1)
        for k in range(len(flat)):
            flat[k] *= times
            beyond += one if abs(flat[k]) > large else zero
        if beyond > 0:
            for i in range(length):
                own[i, : i + 1] -= own[i, : i + 1].max()
                own[i, i + 1 :] = zero
        for k in range(len(flat)):
            flat[k] = exp_of(flat[k])
        for i in range(length):
            row, total = own[i], zero
            for j in range(i + 1):
                total += row[j]
            total = one / total
            for j in range(i + 1):
                row[j] *= total
            for j in range(i + 1, length):
                row[j] = zero


@compiled
def attend(query, both, added, scale, seed, threshold, by, weights, kept, result):
    """result = added + causal attention, with dropout of its weights (see `kernels.dropout`; `by` is its scale).

    query, added, result (n, length, heads, size); both (n, length, 2, heads, size), keys and values; weights, kept
    (n * heads, length, length), filled with the weights before and after dropout.
    """
    _, length, heads, size = query.shape
    zero = query.dtype.type(0)
    for m in range(len(weights)):
        n, h = m // heads, m % heads
        for i in range(length):
            own, row = query[n, i, h], weights[m, i]
            for j in range(i + 1):
                key, score = both[n, j, 0, h], zero
                for d in range(size):
                    score += own[d] * key[d]
                row[j] = score
            for j in range(i + 1, length):
                row[j] = zero
    weigh(weights, scale)
    drop(weights.reshape(-1), seed, threshold, by, kept.reshape(-1))
    for m in range(len(weights)):
        n, h = m // heads, m % heads
        for i in range(length):
            found, start, row = result[n, i, h], added[n, i, h], kept[m, i]
            for d in range(size):
                found[d] = start[d]
            for j in range(i + 1):
                value, weight = both[n, j, 1, h], row[j]
                for d in range(size):
                    found[d] += weight * value[d]


@compiled
def attend_backward(gradient, query, both, scale, weights, kept, by_query, by_both):
    """Adds to by_query and by_both, given the gradient of the result of `attend` and what that filled.

    With m = kept / weights, 0 or the scale of dropout, the gradient by the score s_j that gives weight w_j is
    scale w_j (m_j g_j - sum over k of w_k m_k g_k), where g is that by m w.
    """
    _, length, heads, size = query.shape
    kind = query.dtype.type
    zero, times, slope = kind(0), kind(scale), np.empty(length, query.dtype)
    for m in range(len(weights)):
        n, h = m // heads, m % heads
        for i in range(length):
            flowing, own, by_own = gradient[n, i, h], query[n, i, h], by_query[n, i, h]
            row, row_kept, mean = weights[m, i], kept[m, i], zero
            for j in range(i + 1):
                value, each = both[n, j, 1, h], zero
                for d in range(size):
                    each += flowing[d] * value[d]
                slope[j] = each
            for j in range(i + 1):
                mean += row_kept[j] * slope[j]
            for j in range(i + 1):
                slope[j] = times * (row_kept[j] * slope[j] - mean * row[j])
            for j in range(i + 1):
                key, each = both[n, j, 0, h], slope[j]
                for d in range(size):
                    by_own[d] += each * key[d]
            for j in range(i + 1):
                by_key, each = by_both[n, j, 0, h], slope[j]
                for d in range(size):
                    by_key[d] += each * own[d]
            for j in range(i + 1):
                by_value, each = by_both[n, j, 1, h], row_kept[j]
                for d in range(size):
                    by_value[d] += each * flowing[d]
