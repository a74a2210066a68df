"""Many tests: Holm's correction, within a family that has a name."""

from collections.abc import Sequence

import numpy as np

LEVEL = 0.05  # of every test


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction: adjusted p-values in the given order. NaN (no test) stays and does not count."""
    p_values = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p_values), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def holm_within(p_values: np.ndarray, families: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(adjusted p-values, number of tests in the family) of every test; `families` names the family of each."""
    p_values, families = np.asarray(p_values, dtype=float), np.asarray(families, dtype=object)
    adjusted, sizes = np.full(len(p_values), np.nan), np.zeros(len(p_values), dtype=int)
    for family in dict.fromkeys(families):
        members = families == family
        adjusted[members] = holm(p_values[members])
        sizes[members] = np.count_nonzero(~np.isnan(p_values[members]))
    return adjusted, sizes
