"""CASR's Theorem 1, and the noise level in it, which can be measured where the true next item is known."""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch

from methods.casr.pool import Pool
from methods.casr.select import TrueNext, keeps, true_labels
from methods.engine.windows import Windows


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


def samples_needed(log_hypotheses: float, noise: float, error: float, failure: float) -> float:
    """Theorem 1: more samples than 2 log(2 |H| / delta) / (epsilon^2 (1 - 2 eta)^2) keep the error below epsilon with
    probability above 1 - delta.

    log_hypotheses: natural logarithm of |H|; noise: eta; error: epsilon; failure: delta. Infinite for a noise of 0.5
    and more, where the theorem promises nothing.
    """
    if log_hypotheses < 0 or not 0 <= noise <= 1 or not 0 < error <= 1 or not 0 < failure < 1:
        raise ValueError("Theorem 1 needs |H| >= 1, noise in [0, 1], error in (0, 1] and failure in (0, 1)")
    if noise >= 0.5:
        return math.inf
    return 2 * (math.log(2 / failure) + log_hypotheses) / (error * (1 - 2 * noise)) ** 2
