"""BPR-Opt and its gradient by the vectors of each triple, in one pass over a batch."""

import numpy as np

from methods.engine.layers.kernels import compiled

F = np.float32


@compiled
def add_gradients(users, items, others, user_table, item_table, bias_table, regularisation):
    """Adds the gradient of `bpr_loss` to the tables' own (engine/layers/kernels/row_adam.py), and gives the loss.

    users, items (n,); others (n, negatives); bias_table has rows of one number, or none without biases.
    """
    share = F(1) / F(others.size)
    decay, total = F(2) * F(regularisation) * share, 0.0
    for n in range(len(users)):
        user, item = user_table.weights[users[n]], item_table.weights[items[n]]
        user_gradient, item_gradient = user_table.gradients[users[n]], item_table.gradients[items[n]]
        bias, bias_gradient = bias_table.weights[items[n]], bias_table.gradients[items[n]]
        for place in others[n]:
            other, other_gradient = item_table.weights[place], item_table.gradients[place]
            other_bias, other_bias_gradient = bias_table.weights[place], bias_table.gradients[place]
            margin, squares = F(0), F(0)
            for d in range(len(user)):
                margin += user[d] * (item[d] - other[d])
                squares += user[d] * user[d] + item[d] * item[d] + other[d] * other[d]
            for d in range(len(bias)):
                margin += bias[d] - other_bias[d]
                squares += bias[d] * bias[d] + other_bias[d] * other_bias[d]
            small = np.exp(-abs(margin))  # at most 1: no overflow
            slope = -share * (small if margin > 0 else F(1)) / (F(1) + small)  # -sigma(-margin)
            total += regularisation * squares + np.log1p(small) + max(-margin, F(0))  # -ln sigma(margin)
            for d in range(len(user)):
                user_gradient[d] += slope * (item[d] - other[d]) + decay * user[d]
                item_gradient[d] += slope * user[d] + decay * item[d]
                other_gradient[d] += decay * other[d] - slope * user[d]
            for d in range(len(bias)):
                bias_gradient[d] += slope + decay * bias[d]
                other_bias_gradient[d] += decay * other_bias[d] - slope
    return total * share
