"""S-BPR and its gradient by the vectors of each sample, in one pass over a batch."""

import numpy as np

from methods.engine.layers.kernels import compiled

F = np.float32


@compiled
def add_gradients(users, lasts, items, others, user_table, for_user, for_last, last_table, regularisation):
    """Adds the gradient of `sbpr_loss` to the tables' own (engine/layers/kernels/row_adam.py), and gives the loss.

    users, lasts, items (n,); others (n, negatives); the tables in the order of the model's.
    """
    share = F(1) / F(others.size)
    decay, total = F(2) * F(regularisation) * share, 0.0
    for n in range(len(users)):
        user, last = user_table.weights[users[n]], last_table.weights[lasts[n]]
        item_user, item_last = for_user.weights[items[n]], for_last.weights[items[n]]
        for place in others[n]:
            other_user, other_last = for_user.weights[place], for_last.weights[place]
            margin, squares = F(0), F(0)
            for d in range(len(user)):
                margin += user[d] * (item_user[d] - other_user[d]) + last[d] * (item_last[d] - other_last[d])
                squares += user[d] * user[d] + item_user[d] * item_user[d] + other_user[d] * other_user[d]
                squares += last[d] * last[d] + item_last[d] * item_last[d] + other_last[d] * other_last[d]
            small = np.exp(-abs(margin))  # at most 1: no overflow
            slope = -share * (small if margin > 0 else F(1)) / (F(1) + small)  # -sigma(-margin)
            total += regularisation * squares + np.log1p(small) + max(-margin, F(0))  # -ln sigma(margin)
            _add(slope, decay, user, item_user, other_user, user_table, for_user, users[n], items[n], place)
            _add(slope, decay, last, item_last, other_last, last_table, for_last, lasts[n], items[n], place)
    return total * share


@compiled
def _add(slope, decay, own, item, other, own_table, item_table, own_row, item_row, other_row):
    """The gradient of one of the two products: of a user, or the last item, with an item and with another one."""
    own_gradient, item_gradient = own_table.gradients[own_row], item_table.gradients[item_row]
    other_gradient = item_table.gradients[other_row]
    for d in range(len(own)):
        own_gradient[d] += slope * (item[d] - other[d]) + decay * own[d]
        item_gradient[d] += slope * own[d] + decay * item[d]
        other_gradient[d] += decay * other[d] - slope * own[d]
