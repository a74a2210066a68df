"""Blocks of self-attention that only rank, with most products taken beforehand (`methods.sasrec.folded`).

A row of vectors is normalised: less its mean, over its standard deviation, times a weight, plus a bias.
"""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.exponential import exp_of

ROWS = 16  # of which a core's nearest cache holds what is made of them


@compiled
def add_product(x, by, bias, result):
    """result = x by + bias. x (m,), by (m, n), bias, result (n,)."""
    for i in range(len(result)):
        result[i] = bias[i]
    for k in range(len(x)):
        weight, row = x[k], by[k]
        for i in range(len(result)):
            result[i] += weight * row[i]


@compiled
def look_up(items, table, places, bias, weight, norm_bias, eps, queries, inputs, values, normed):
    """What the first block of a self-attention computes of each position, from what was computed of each item.

    items (n, length). The row of an item in table and that of a position in places, (.., 3 dim), add up to the input x,
    to a product with x less its mean, and to a product with x. Fills inputs (n, dim, length) with x, across; queries
    with the first product over the standard deviation of x, plus bias; values with the second product; and normed with
    the layer normalisation of x by weight, norm_bias and eps, all three (n, length, dim).
    """
    kind, length, dim = table.dtype.type, items.shape[1], len(weight)
    zero, one, size = kind(0), kind(1), kind(dim)
    rows, moments = np.empty((ROWS, 3 * dim), table.dtype), np.empty((ROWS, 2), table.dtype)
    for n in range(len(items)):
        for begin in range(0, length, ROWS):
            here = range(min(ROWS, length - begin))
            # a loop for each kind of work, so that a core works on several rows, and waits for several, at a time
            for r in here:
                row, of_item, of_place = rows[r], table[items[n, begin + r]], places[begin + r]
                for d in range(3 * dim):
                    row[d] = of_item[d] + of_place[d]
            for r in here:
                row, across = rows[r], inputs[n]
                for d in range(dim):
                    across[d, begin + r] = row[d]
            for r in here:
                row, mean, variance = rows[r], zero, zero
                for d in range(dim):
                    mean += row[d]
                mean /= size
                for d in range(dim):
                    variance += (row[d] - mean) * (row[d] - mean)
                moments[r, 0], moments[r, 1] = mean, one / np.sqrt(variance / size + kind(eps))
            for r in here:
                row, found, mean, inverse = rows[r], normed[n, begin + r], moments[r, 0], moments[r, 1]
                for d in range(dim):
                    found[d] = (row[d] - mean) * inverse * weight[d] + norm_bias[d]
            for r in here:
                row, found, inverse = rows[r], queries[n, begin + r], moments[r, 1]
                for d in range(dim):
                    found[d] = row[dim + d] * inverse + bias[d]
            for r in here:
                row, found = rows[r], values[n, begin + r]
                for d in range(dim):
                    found[d] = row[2 * dim + d]


@compiled
def attend_from_last(
    normed, hidden, lengths, hidden_bias, join, join_bias, weight, norm_bias, eps, ask, ask_bias, scale, result, sums
):
    """Attention from the last of each sequence's first lengths[n] positions to all of them, of a second block to halves
    of the first's result: normed and, in place of hidden, max(hidden + hidden_bias, 0), both (n, length, dim).

    The block's input x is halves join + join_bias. Fills result (n, dim) with the layer normalisation of the last x by
    weight, norm_bias and eps. The query is result ask + ask_bias; keys and values are the halves themselves, and their
    weighted sums fill sums (n, 2 dim). join (2 dim, dim); ask (dim, 2 dim).
    """
    kind, length, dim = normed.dtype.type, normed.shape[1], normed.shape[2]
    zero, one, size, times = kind(0), kind(1), kind(dim), kind(scale)
    weights, x, none = np.empty(length, normed.dtype), np.empty(dim, normed.dtype), np.zeros(dim, normed.dtype)
    halves, query = np.empty(2 * dim, normed.dtype), np.empty(2 * dim, normed.dtype)
    for n in range(len(normed)):
        count, own = lengths[n], result[n]
        for j in range(count):
            row = hidden[n, j]
            for d in range(dim):
                each = row[d] + hidden_bias[d]
                row[d] = zero if each < zero else each  # what is not a number stays one
        halves[:dim], halves[dim:] = normed[n, count - 1], hidden[n, count - 1]
        add_product(halves, join, join_bias, x)
        mean, variance = zero, zero
        for d in range(dim):
            mean += x[d]
        mean /= size
        for d in range(dim):
            variance += (x[d] - mean) * (x[d] - mean)
        inverse = one / np.sqrt(variance / size + kind(eps))
        for d in range(dim):
            own[d] = (x[d] - mean) * inverse * weight[d] + norm_bias[d]
        add_product(own, ask, ask_bias, query)
        first, second, total = query[:dim], query[dim:], zero
        for j in range(count):
            key, key_hidden, score = normed[n, j], hidden[n, j], zero
            for d in range(dim):
                score += first[d] * key[d] + second[d] * key_hidden[d]
            weights[j] = score * times
        largest = weights[:count].max()
        for j in range(count):
            weights[j] = exp_of(weights[j] - largest)
            total += weights[j]
        for j in range(count):
            weights[j] /= total
        add_product(weights[:count], normed[n], none, sums[n, :dim])
        add_product(weights[:count], hidden[n], none, sums[n, dim:])
