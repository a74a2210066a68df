"""Numbers dropped at random, without random numbers in memory, alone and in one pass with what stands beside them.

Dropout of an array: element i, counted row by row, times scale, or 0 where a hash of i and the seed is below the
threshold, of 2^32 values alike. Arrays hold fewer than 2^32 elements; seed (2,) uint32; threshold uint32. Equal seeds
give equal choices.
"""

import numpy as np

from methods.engine.layers.kernels import compiled

U = np.uint32


@compiled
def hashed(i, first, second):
    """A multiply and shift mixer of 32 bits (lowbias32, C. Wellons), half of the seed before it and half inside."""
    h = U(U(i) + first)
    h = U((h ^ U(h >> U(16))) * U(0x7FEB352D))
    h = U(U((h ^ U(h >> U(15))) + second) * U(0x846CA68B))
    return U(h ^ U(h >> U(16)))


@compiled
def drop(x, seed, threshold, scale, result):
    """result = dropout of x. x, result (n,)."""
    first, second, zero, times = seed[0], seed[1], x.dtype.type(0), x.dtype.type(scale)
    for i in range(len(x)):
        result[i] = x[i] * times if hashed(i, first, second) >= threshold else zero


@compiled
def add_rows_and_drop(x, times, rows, seed, threshold, scale, result):
    """result = dropout of (times x + rows), the rows added to every matrix of x. x, result (n, length, dim); rows
    (length, dim)."""
    kind, first, second, flat, added = x.dtype.type, seed[0], seed[1], rows.reshape(-1), rows.size
    zero, by, scaled = kind(0), kind(times), kind(scale)
    for n in range(len(x)):
        own, found, begin = x[n].reshape(-1), result[n].reshape(-1), n * added
        for i in range(added):
            each = (by * own[i] + flat[i]) * scaled
            found[i] = each if hashed(begin + i, first, second) >= threshold else zero


@compiled
def add_rows_and_drop_backward(gradient, times, seed, threshold, scale, by_x, by_rows):
    """Fills by_x, and adds to by_rows, given the gradient of the above."""
    kind, first, second, flat, added = gradient.dtype.type, seed[0], seed[1], by_rows.reshape(-1), by_rows.size
    zero, by, scaled = kind(0), kind(times), kind(scale)
    for n in range(len(gradient)):
        own, found, begin = gradient[n].reshape(-1), by_x[n].reshape(-1), n * added
        for i in range(added):
            each = own[i] * scaled if hashed(begin + i, first, second) >= threshold else zero
            found[i] = by * each
            flat[i] += each


@compiled
def rectify_and_drop(x, bias, seed, threshold, scale):
    """x = dropout of max(x + bias, 0), in place. x (n, dim); bias (dim,)."""
    first, second, zero, times, dim = seed[0], seed[1], x.dtype.type(0), x.dtype.type(scale), len(bias)
    for n in range(len(x)):
        own, begin = x[n], n * dim
        for d in range(dim):
            each = (own[d] + bias[d]) * times
            kept = hashed(begin + d, first, second) >= threshold and not each < zero  # what is not a number stays one
            own[d] = each if kept else zero


@compiled
def rectify_and_drop_backward(gradient, result, scale, by_bias):
    """Makes of the gradient by the result, in place, that by x, and adds to by_bias. gradient, result (n, dim)."""
    zero, times = gradient.dtype.type(0), gradient.dtype.type(scale)
    for n in range(len(gradient)):
        own, found = gradient[n], result[n]
        for d in range(len(own)):
            each = own[d] * times if found[d] > zero else zero
            own[d] = each
            by_bias[d] += each


@compiled
def add_dropped(x, bias, seed, threshold, scale, total):
    """x = total + dropout of (x + bias), in place. x, total (n, dim); bias (dim,)."""
    first, second, zero, times, dim = seed[0], seed[1], x.dtype.type(0), x.dtype.type(scale), len(bias)
    for n in range(len(x)):
        own, others, begin = x[n], total[n], n * dim
        for d in range(dim):
            each = (own[d] + bias[d]) * times
            own[d] = others[d] + (each if hashed(begin + d, first, second) >= threshold else zero)


@compiled
def add_dropped_backward(gradient, seed, threshold, scale, by_x, by_bias):
    """Fills by_x, and adds to by_bias, given the gradient of the above. gradient, by_x (n, dim)."""
    kind, first, second, dim = gradient.dtype.type, seed[0], seed[1], len(by_bias)
    zero, times = kind(0), kind(scale)
    for n in range(len(gradient)):
        own, found, begin = gradient[n], by_x[n], n * dim
        for d in range(dim):
            each = own[d] * times if hashed(begin + d, first, second) >= threshold else zero
            found[d] = each
            by_bias[d] += each


@compiled
def join_and_drop(left, chosen, right, seed, threshold, scale, result):
    """result = dropout of the chosen rows of `left` and, beside them, those of `right`. left (positions, dim); right
    (n, dim); chosen (n,); result (n, 2 dim)."""
    kind, first, second, (count, dim) = left.dtype.type, seed[0], seed[1], right.shape
    zero, times = kind(0), kind(scale)
    for n in range(count):
        begin = 2 * dim * n
        _drop_row(left[chosen[n]], begin, first, second, threshold, times, zero, result[n, :dim])
        _drop_row(right[n], begin + dim, first, second, threshold, times, zero, result[n, dim:])


@compiled
def join_and_drop_backward(gradient, chosen, seed, threshold, scale, by_left, by_right):
    """Adds to by_left, and fills by_right, given the gradient of the above."""
    kind, first, second, (count, dim) = gradient.dtype.type, seed[0], seed[1], by_right.shape
    zero, times, of_left = kind(0), kind(scale), np.empty(dim, gradient.dtype)
    for n in range(count):
        begin, by_row = 2 * dim * n, by_left[chosen[n]]
        _drop_row(gradient[n, :dim], begin, first, second, threshold, times, zero, of_left)
        for d in range(dim):
            by_row[d] += of_left[d]
        _drop_row(gradient[n, dim:], begin + dim, first, second, threshold, times, zero, by_right[n])


@compiled
def _drop_row(x, begin, first, second, threshold, times, zero, result):
    """Of the elements from `begin` on of what is dropped."""
    for d in range(len(x)):
        result[d] = x[d] * times if hashed(begin + d, first, second) >= threshold else zero
