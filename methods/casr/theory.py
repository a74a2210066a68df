"""The noise level in CASR's Theorem 1, which can be measured where the true next item is known."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from methods.casr.pool import Pool
from methods.casr.select import TrueNext, keeps, true_labels
from methods.engine.data.windows import Windows


def label_accuracy(pool: Pool, settings: Mapping, windows: Windows, true_next: TrueNext) -> float | None:
    """Share of the kept sequences whose next item is the true one; 1 minus it is Theorem 1's noise level eta.

    A virtual item of M has no true next item: the catalogue item nearest to it in the sampler's embedding stands in.
    None if no sequence is kept.
    """
    kept = keeps(pool, settings)
    sequences = pool.branches(kept)
    items = torch.cat([pool.nearest[kept][:, None], sequences.items[:, 1:]], dim=1)
    if len(sequences) == 0:
        return None
    truth = true_labels(replace(sequences, items=items), windows, true_next)
    return float((truth == sequences.labels).double().mean())
