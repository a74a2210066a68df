"""Self-attention of the last places of branches, each over the first places of a trunk row and over its own.

Of n branches with `steps` places the last `asking` ask: the i-th of them sees the starts[n] first places of row rows[n]
of the trunk, and of its own those up to itself. Arrays: query (n, asking, heads, size); trunk (batch, length, 2, heads,
size) and own (n, steps, 2, heads, size), keys and values; rows, starts (n,).

weights (n, heads, asking, length + steps) stand without a gap: those of the trunk's places, those of the own, and 0.
"""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.dropout import drop
from methods.engine.layers.kernels.exponential import exp_of


@compiled
def attend(query, trunk, own, rows, starts, scale, seed, threshold, by, weights, kept, result):
    """Fills weights, kept, which they are after dropout (see `kernels.dropout`; `by` is its scale), and result, as
    query. Where nothing is dropped `kept` may be `weights`."""
    count, asking, heads, size = query.shape
    kind, before = query.dtype.type, own.shape[1] - asking
    zero, one, times = kind(0), kind(1), kind(scale)
    for n in range(count):
        row, start = trunk[rows[n]], starts[n]
        for h in range(heads):
            for i in range(asking):
                asked, found, seen = query[n, i, h], weights[n, h, i], start + before + i + 1
                for j in range(seen):
                    key, score = row[j, 0, h] if j < start else own[n, j - start, 0, h], zero
                    for d in range(size):
                        score += asked[d] * key[d]
                    found[j] = score * times
                largest, total = found[:seen].max(), zero
                for j in range(seen):
                    found[j] = exp_of(found[j] - largest)
                for j in range(seen):
                    total += found[j]
                total = one / total
                for j in range(seen):
                    found[j] *= total
                for j in range(seen, len(found)):
                    found[j] = zero
    if threshold > 0:
        drop(weights.reshape(-1), seed, threshold, by, kept.reshape(-1))
    for n in range(count):
        row, start = trunk[rows[n]], starts[n]
        for h in range(heads):
            for i in range(asking):
                found, used = result[n, i, h], kept[n, h, i]
                found[:] = zero
                for j in range(start + before + i + 1):
                    value, weight = row[j, 1, h] if j < start else own[n, j - start, 1, h], used[j]
                    for d in range(size):
                        found[d] += weight * value[d]


@compiled
def attend_backward(gradient, query, trunk, own, rows, starts, scale, weights, kept, by_query, by_trunk, by_own):
    """Adds to by_query, by_trunk and by_own, given the gradient of the result and what `attend` filled; see
    `self_attention.attend_backward`. Where the trunk is a constant, by_trunk holds nothing."""
    count, asking, heads, size = query.shape
    kind, before, learnt = query.dtype.type, own.shape[1] - asking, len(by_trunk) > 0
    zero, times, slope = kind(0), kind(scale), np.empty(weights.shape[3], query.dtype)
    for n in range(count):
        row, start = trunk[rows[n]], starts[n]
        for h in range(heads):
            for i in range(asking):
                flowing, asked, by_asked = gradient[n, i, h], query[n, i, h], by_query[n, i, h]
                weight, used, seen, mean = weights[n, h, i], kept[n, h, i], start + before + i + 1, zero
                for j in range(seen):
                    value, each = row[j, 1, h] if j < start else own[n, j - start, 1, h], zero
                    for d in range(size):
                        each += flowing[d] * value[d]
                    slope[j] = each
                for j in range(seen):
                    mean += used[j] * slope[j]
                for j in range(seen):
                    slope[j] = times * (used[j] * slope[j] - mean * weight[j])
                for j in range(seen):
                    key, each = row[j, 0, h] if j < start else own[n, j - start, 0, h], slope[j]
                    for d in range(size):
                        by_asked[d] += each * key[d]
                for j in range(0 if learnt else start, seen):
                    by = by_trunk[rows[n], j] if j < start else by_own[n, j - start]
                    by_key, by_value, each, taken = by[0, h], by[1, h], slope[j], used[j]
                    for d in range(size):
                        by_key[d] += each * asked[d]
                        by_value[d] += taken * flowing[d]
