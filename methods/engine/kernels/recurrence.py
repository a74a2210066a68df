"""What a step of a gated recurrence does to each number by itself, before and after the product with h.

Arrays are (rows, steps, ..), and a call works on step t of all rows. The gates r, z and n stand side by side: 3 size.
"""

import math

from numba import types
from numba.extending import overload

from methods.engine.kernels import compiled
from methods.engine.kernels.exponential import exp


@compiled
def step(gates, of_hidden, before, result, inner, t):
    """r, z = sigmoid(gate + of_hidden), n = tanh(gate + r of_hidden), next h = n + z (h - n).

    gates (.., 3 size) hold what comes from the input, and get r, z and n; of_hidden (rows, 3 size) is what comes from
    h = before[:, t]; result[:, t] and before[:, t + 1] (.., size) get the next h; inner[:, t] (.., size) gets what r is
    multiplied with.
    """
    one, two, size = gates.dtype.type(1), gates.dtype.type(2), result.shape[2]
    for row in range(len(gates)):
        r_z, r, z, n = (
            gates[row, t, : 2 * size], gates[row, t, :size], gates[row, t, size : 2 * size], gates[row, t, 2 * size :]
        )  # fmt: skip
        given, u, h, after = of_hidden[row], of_hidden[row, 2 * size :], before[row, t], result[row, t]
        for i in range(2 * size):
            r_z[i] = one / (one + _exp(-r_z[i] - given[i]))
        for i in range(size):
            n[i] = one - two / (one + _exp(two * (n[i] + r[i] * u[i])))
        for i in range(size):
            after[i] = n[i] + z[i] * (h[i] - n[i])
        inner[row, t] = u
        if t + 1 < result.shape[1]:
            before[row, t + 1] = after


@compiled
def step_backward(gradient, gates, before, inner, flowing, by_input, by_hidden, t):
    """The gradients by what comes from the input and by what comes from h, put in by_..[:, t] (.., 3 size).

    gradient[:, t] (.., size) is that of the step's result by itself, flowing (rows, size) that through the steps behind
    it; flowing becomes that of h, still without what comes through the product. The loops are short, because one of
    many arrays would not be computed several numbers at a time.
    """
    one, size = gates.dtype.type(1), flowing.shape[1]
    for row in range(len(gates)):
        r, z, n = gates[row, t, :size], gates[row, t, size : 2 * size], gates[row, t, 2 * size :]
        own, h, u, flow = gradient[row, t], before[row, t], inner[row, t], flowing[row]
        to_input, to_hidden = by_input[row, t], by_hidden[row, t]
        by_r, by_z, by_n, by_u = to_input[:size], to_input[size : 2 * size], to_input[2 * size :], to_hidden[2 * size :]
        for i in range(size):
            flow[i] += own[i]
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
        to_hidden[: 2 * size] = to_input[: 2 * size]


def _exp(x):
    """e^x: of float32 several at a time, of other types exactly."""
    return math.exp(x)


@overload(_exp)
def _(x):
    return (lambda x: exp(x)) if x == types.float32 else (lambda x: math.exp(x))
