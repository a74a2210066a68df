"""The exponential, for loops that are to be computed several numbers at a time: a call of libm's would keep them from
it."""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

F, INT = np.float32, np.int32
LEAST, LARGEST = F(-80), F(88.3)  # beyond the second are no numbers; beyond the first few parts of one are normal
LEAST_2, LARGEST_2 = F(-60), F(126)
ZERO, INFINITY = F(0), F(np.inf)
LOG2_E = F(1.44269504)
LN2_HIGH, LN2_LOW = F(0.693359375), F(-2.12194440e-4)  # n times the first, of few bits, is exact

# no sum in another order, which would lose LN2_LOW
_exact = njit(nogil=True, error_model="numpy", fastmath={"contract"})


@_exact
def exp(x):
    """e^x of a float32, within 1.1 ulp; above LARGEST infinity, and below LEAST 0, so that a part of it, such as the
    weight in a sum, is none of the numbers below the normal ones, with which a core takes a hundred times as long. A
    NaN is lost.

    2^n e^r with r = x - n ln 2, and the polynomial of Cephes' expf (S. L. Moshier) for e^r.
    """
    inside = min(max(x, LEAST), LARGEST)
    n = np.rint(inside * LOG2_E)
    r = inside - n * LN2_HIGH - n * LN2_LOW
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    power = (p * r * r + r + F(1)) * INT((INT(n) + INT(127)) << INT(23)).view(np.float32)
    power = ZERO if x < LEAST else power
    return INFINITY if x > LARGEST else power


@_exact
def exp2(x):
    """2^x of a float32, within 2.2e-7 of it, at most 2^126; 0 below 2^-60, so that the parts and squares of so small
    numbers, which a core takes a hundred times as long for, do not arise. A NaN may be lost.

    2^n 2^r with r = x - n, and a polynomial that interpolates 2^r at Chebyshev's points of -0.5 to 0.5.
    """
    inside = min(max(x, LEAST_2), LARGEST_2)
    n = np.rint(inside)
    r = inside - n
    p = F(1.33908633e-03) * r + F(9.67603177e-03)
    p = p * r + F(5.55035695e-02)
    p = p * r + F(2.40221068e-01)
    p = p * r + F(6.93147182e-01)
    p = p * r + F(1.00000012e00)
    power = p * INT((INT(n) + INT(127)) << INT(23)).view(np.float32)
    return ZERO if x < LEAST_2 else power


def exp_of(x):
    """e^x: of a float32 by `exp`, of another type by libm."""
    return exp(x) if isinstance(x, np.float32) else math.exp(x)


@overload(exp_of)
def _exp_of(x):
    return (lambda x: exp(x)) if x == types.float32 else (lambda x: math.exp(x))
