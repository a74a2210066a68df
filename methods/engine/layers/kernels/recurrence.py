"""A gated recurrence over all its steps, four rows at a time, so that what they need of the weights is fetched once.

Rows of any length stand one behind the other in arrays (steps, ..): row n has those from offsets[n] to offsets[n + 1].
The gates r, z and n stand side by side: 3 size. `across` (size, 3 size) is the transposed weight of h, filled up as its
products want it.
"""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.exponential import exp_of
from methods.engine.layers.kernels.products import add_products, add_products_across


@compiled
def recur(gates, begin, offsets, across, b_in, b_hidden, result, before, inner):
    """u = h across + b_hidden, r, z = sigmoid(gate + u), n = tanh(gate + r u), next h = n + z (h - n), from h = begin.

    gates (.., 3 size) hold the input's products, to which b_in is added, and get r, z and n; begin (rows, size);
    offsets (rows + 1,); b_in, b_hidden (3 size,). Filled are result (.., size) with the next h, before (.., size) with
    h, and inner (.., size) with what r is multiplied with.
    """
    rows, size = begin.shape
    h, u = np.zeros((4, len(across)), gates.dtype), np.zeros((4, across.shape[1]), gates.dtype)
    bias, of_n = np.zeros_like(u[0]), b_in[2 * size :]
    bias[: 3 * size] = b_hidden
    bias[: 2 * size] += b_in[: 2 * size]
    for first in range(0, rows, 4):
        here = min(4, rows - first)
        h[:here, :size] = begin[first : first + here]
        for t in range(_longest(offsets[first : first + here + 1])):
            for k in range(4):
                u[k] = bias
            add_products(h, across, u)
            for k in range(here):
                at = offsets[first + k] + t
                if at < offsets[first + k + 1]:
                    _step(gates[at], u[k], of_n, h[k, :size], result[at], before[at], inner[at])


@compiled
def _longest(offsets):
    """Steps of the longest row."""
    longest = 0
    for n in range(len(offsets) - 1):
        longest = max(longest, offsets[n + 1] - offsets[n])
    return longest


@compiled
def _step(gate, u, bias, h, result, before, inner):
    one, two, size = gate.dtype.type(1), gate.dtype.type(2), len(h)
    r_z, r, z, n, of_n = gate[: 2 * size], gate[:size], gate[size : 2 * size], gate[2 * size :], u[2 * size :]
    for i in range(2 * size):
        r_z[i] = one / (one + exp_of(-r_z[i] - u[i]))
    for i in range(size):
        inner[i], before[i] = of_n[i], h[i]
    for i in range(size):
        n[i] = one - two / (one + exp_of(two * (n[i] + bias[i] + r[i] * inner[i])))
    for i in range(size):
        h[i] = n[i] + z[i] * (h[i] - n[i])
    for i in range(size):
        result[i] = h[i]


@compiled
def recur_backward(gradient, gates, before, inner, offsets, across, slopes, by_begin, total):
    """Fills slopes (.., 4 size), the gradient by u of n, by the sums of which r and z are the sigmoids, and by that of
    which n is the tanh; by_begin (rows, size); and total (4 size,), the sum of the slopes. gradient (.., size) is that
    of the result."""
    rows, size = by_begin.shape
    flow, by_u = np.empty((4, len(across)), gates.dtype), np.empty((4, across.shape[1]), gates.dtype)
    total[:] = 0
    for first in range(0, rows, 4):
        here = min(4, rows - first)
        flow[:] = 0
        by_u[:] = 0  # what a row adds before its last step
        for t in range(_longest(offsets[first : first + here + 1]) - 1, -1, -1):
            for k in range(here):
                at = offsets[first + k] + t
                if at < offsets[first + k + 1]:
                    own, of = slopes[at], by_u[k]
                    _step_backward(gradient[at], gates[at], before[at], inner[at], flow[k, :size], own)
                    of[: 2 * size] = own[size : 3 * size]
                    of[2 * size : 3 * size] = own[:size]
                    for i in range(4 * size):
                        total[i] += own[i]
            add_products_across(by_u, across, flow)
        by_begin[first : first + here] = flow[:here, :size]


@compiled
def _step_backward(gradient, gate, h, u, flow, slopes):
    """Of the flow by the step's result to that by h, without what flows through u. The loops are short, because one of
    many arrays would not be computed several numbers at a time."""
    one, size = gate.dtype.type(1), len(h)
    r, z, n = gate[:size], gate[size : 2 * size], gate[2 * size :]
    by_u, by_r, by_z, by_n = slopes[:size], slopes[size : 2 * size], slopes[2 * size : 3 * size], slopes[3 * size :]
    for i in range(size):
        flow[i] += gradient[i]
    for i in range(size):
        by_n[i] = flow[i] * (one - z[i]) * (one - n[i] * n[i])
    for i in range(size):
        by_u[i] = by_n[i] * r[i]
    for i in range(size):
        by_r[i] = by_u[i] * u[i] * (one - r[i])
    for i in range(size):
        by_z[i] = flow[i] * (h[i] - n[i]) * z[i] * (one - z[i])
    for i in range(size):
        flow[i] *= z[i]
