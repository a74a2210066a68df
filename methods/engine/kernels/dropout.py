"""Numbers dropped at random, without random numbers in memory."""

import numpy as np

from methods.engine.kernels import compiled

U = np.uint32


@compiled
def drop(x, seed, threshold, scale, result):
    """result[i] = x[i] scale, or 0 where a hash of i and the seed is below the threshold: of 2^32 values alike.

    x, result (n,), n below 2^32; seed (2,) uint32; threshold uint32; scale of x's type. The hash is a multiply and
    shift mixer of 32 bits (lowbias32, C. Wellons), with half of the seed before it and half inside; equal seeds give
    equal choices.
    """
    first, second, zero = seed[0], seed[1], x.dtype.type(0)
    for i in range(len(x)):
        h = U(U(i) + first)
        h = U((h ^ U(h >> U(16))) * U(0x7FEB352D))
        h = U(U((h ^ U(h >> U(15))) + second) * U(0x846CA68B))
        h = U(h ^ U(h >> U(16)))
        result[i] = x[i] * scale if h >= threshold else zero
