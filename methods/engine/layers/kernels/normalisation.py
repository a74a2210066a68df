"""Layer normalisation (Ba, Kiros and Hinton, 2016) of the rows of arrays (n, dim): less their mean, over their standard
deviation, times weight, plus bias; weight and bias (dim,)."""

import numpy as np

from methods.engine.layers.kernels import compiled


@compiled
def normalise(x, weight, bias, eps, result, moments):
    """Fills result (n, dim), which may be x itself, and moments (n, 2): the mean and one over the standard deviation of
    each row."""
    zero, one, size = x.dtype.type(0), x.dtype.type(1), x.dtype.type(x.shape[1])
    for n in range(len(x)):
        own, mean, variance = x[n], zero, zero
        for d in range(len(own)):
            mean += own[d]
        mean /= size
        for d in range(len(own)):
            variance += (own[d] - mean) * (own[d] - mean)
        moments[n, 0], moments[n, 1] = mean, one / np.sqrt(variance / size + x.dtype.type(eps))
    for n in range(len(x)):  # in a loop of its own: several rows are worked on at a time
        own, found, mean, inverse = x[n], result[n], moments[n, 0], moments[n, 1]
        for d in range(len(own)):
            found[d] = (own[d] - mean) * inverse * weight[d] + bias[d]


@compiled
def normalise_backward(gradient, x, weight, moments, result, by_weight, by_bias):
    """Fills result (n, dim), the gradient by x, and adds to those by weight and bias, given that by the outcome."""
    kind, (count, dim) = x.dtype.type, x.shape
    zero, size, means = kind(0), kind(dim), np.empty((count, 2), x.dtype)
    for n in range(count):
        own, slope, mean, total, along = x[n], gradient[n], moments[n, 0], zero, zero
        for d in range(dim):
            total += slope[d] * weight[d]
            along += slope[d] * weight[d] * (own[d] - mean)
        means[n, 0], means[n, 1] = total / size, along / size * moments[n, 1] * moments[n, 1]
    for n in range(count):
        own, slope, mean, inverse = x[n], gradient[n], moments[n, 0], moments[n, 1]
        for d in range(dim):
            by_weight[d] += slope[d] * (own[d] - mean) * inverse
        for d in range(dim):
            by_bias[d] += slope[d]
    for n in range(count):
        own, slope, found, mean, inverse = x[n], gradient[n], result[n], moments[n, 0], moments[n, 1]
        total, along = means[n, 0], means[n, 1]
        for d in range(dim):
            found[d] = inverse * (slope[d] * weight[d] - total - (own[d] - mean) * along)
