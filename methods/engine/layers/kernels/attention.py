"""Additive attention of single queries, each over a stretch of the keys.

Query n sees counts[n] keys from begins[n] on: its result is the sum over them of  weight . sigmoid(query + key) value.
Arrays: queries (n, hidden); keys (positions, hidden); values (positions, dim); begins, counts (n,); weight (hidden,).

Queries and keys come as exp(-query) and exp(-key), so that no exponential is left for the pairs of them:
sigmoid(query + key) = 1 / (1 + exp(-query) exp(-key)).
"""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.exponential import exp_of


@compiled
def powers(x, largest, result):
    """exp(-x) of x (n,), which is held between -largest and largest; that of a NaN is a NaN."""
    for i in range(len(x)):
        power = exp_of(min(max(-x[i], -largest), largest))
        result[i] = power if x[i] == x[i] else x[i]


@compiled
def attend(queries, keys, values, begins, counts, weight, result):
    """Fills result (n, dim)."""
    zero, one = weight.dtype.type(0), weight.dtype.type(1)
    energies = np.empty(counts.max() if len(counts) else 0, weight.dtype)
    for n in range(len(queries)):
        query, own_keys, own_values, own = queries[n], keys[begins[n] :], values[begins[n] :], result[n]
        for k in range(counts[n]):
            energy = zero
            for h in range(len(weight)):
                energy += weight[h] / (one + query[h] * own_keys[k, h])
            energies[k] = energy
        own[:] = zero
        for k in range(counts[n]):
            for d in range(len(own)):
                own[d] += energies[k] * own_values[k, d]


@compiled
def attend_backward(gradient, queries, keys, values, begins, counts, weight, by_queries, by_keys, by_values, by_weight):
    """Adds to the gradients by_.. of the queries and keys themselves, of the values and of the weight, given that of
    the result (n, dim). Where all but the queries are constants, by_keys, by_values and by_weight hold nothing."""
    zero, one = weight.dtype.type(0), weight.dtype.type(1)
    learnt = len(by_keys) > 0
    for n in range(len(queries)):
        query, flowing, by_query = queries[n], gradient[n], by_queries[n]
        for k in range(begins[n], begins[n] + counts[n]):
            key, value = keys[k], values[k]
            slope = zero
            for d in range(len(flowing)):
                slope += flowing[d] * value[d]
            if not learnt:
                for h in range(len(weight)):
                    s = one / (one + query[h] * key[h])
                    by_query[h] += slope * weight[h] * s * (one - s)
                continue
            by_key, by_value, energy = by_keys[k], by_values[k], zero
            for h in range(len(weight)):
                s = one / (one + query[h] * key[h])
                weighed = weight[h] * s
                energy += weighed
                by_weight[h] += slope * s
                flow = slope * weighed * (one - s)
                by_key[h] += flow
                by_query[h] += flow
            for d in range(len(flowing)):
                by_value[d] += energy * flowing[d]
