"""Powers and their sums in one pass over the logits."""

import numpy as np

from methods.engine.layers.kernels import compiled
from methods.engine.layers.kernels.exponential import exp2

TOGETHER = 256  # items that are summed before the sum joins the total, in which a single one of many would be lost


@compiled
def raise_to(logits, totals):
    """logits (items, rows) become 2^logit, and totals (rows,) their sums over the items."""
    totals[:] = 0
    part = np.empty_like(totals)
    for begin in range(0, len(logits), TOGETHER):
        part[:] = 0
        for item in range(begin, min(begin + TOGETHER, len(logits))):
            own = logits[item]
            for row in range(len(own)):
                each = exp2(own[row])
                own[row] = each
                part[row] += each
        for row in range(len(totals)):
            totals[row] += part[row]
