"""How many samples are enough where some of their labels are wrong: CASR's Theorem 1, which is CPR's Theorem 2."""

import math

from torch import nn

ERROR, FAILURE = 0.05, 0.05  # epsilon and delta
BITS = 32  # a parameter is one of 2^32 numbers, which makes the class of hypotheses finite


def samples_needed(log_hypotheses: float, noise: float, error: float, failure: float) -> float:
    """More samples than 2 log(2 |H| / delta) / (epsilon^2 (1 - 2 eta)^2) keep the error below epsilon with probability
    above 1 - delta.

    log_hypotheses: natural logarithm of |H|; noise: eta (CPR: zeta); error: epsilon; failure: delta. Infinite for a
    noise of 0.5 and more, where the theorem promises nothing.
    """
    if log_hypotheses < 0 or not 0 <= noise <= 1 or not 0 < error <= 1 or not 0 < failure < 1:
        raise ValueError("the theorem needs |H| >= 1, noise in [0, 1], error in (0, 1] and failure in (0, 1)")
    if noise >= 0.5:
        return math.inf
    return 2 * (math.log(2 / failure) + log_hypotheses) / (error * (1 - 2 * noise)) ** 2


def samples_for(model: nn.Module, noise: float) -> dict:
    """The theorem for all models of this form, at ERROR and FAILURE. samples: None where it promises nothing."""
    hypotheses = sum(parameter.numel() for parameter in model.parameters()) * BITS * math.log(2)
    samples = samples_needed(hypotheses, noise, ERROR, FAILURE)
    about = {"error": ERROR, "failure": FAILURE, "log_hypotheses": hypotheses}
    return {**about, "samples": samples if math.isfinite(samples) else None}
