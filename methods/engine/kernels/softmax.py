"""Powers and their sums in one pass over the logits."""

from methods.engine.kernels import compiled
from methods.engine.kernels.exponential import exp2


@compiled
def raise_to(logits, totals):
    """logits (items, rows) become 2^logit, and totals (rows,) their sums over the items."""
    totals[:] = 0
    for item in range(len(logits)):
        own = logits[item]
        for row in range(len(own)):
            each = exp2(own[row])
            own[row] = each
            totals[row] += each
