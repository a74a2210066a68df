"""Two results of the same users, one minus the other."""

from typing import Protocol

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from paper_tables.results import Result


class Compared(Protocol):
    """A result, or one of several draws of a data set (draws.py)."""

    def pairs_with(self, other: "Compared") -> list[tuple[Result, Result]]: ...


def mean_difference(result: Compared, other: Compared, metric: str, cutoff: int, reading: str = "") -> float:
    """Mean of `result` minus that of `other`, in percentage points; of draws, over the draws that both have. reading:
    of either's headline unless it is named."""
    values = [[side.values(metric, cutoff, reading=reading) for side in pair] for pair in result.pairs_with(other)]
    apart = [own.mean() - its.mean() for own, its in values]
    return 100 * float(np.mean(apart)) if apart else float("nan")


def user_differences(
    result: Compared, other: Compared, metric: str, cutoff: int, reading: str = ""
) -> np.ndarray | None:
    """Per-user metric of `result` minus that of `other`, each averaged over its seeds. Shape (users,); the users of
    several draws of a data set follow one another.

    None where either is not done or has no ranks. Raises BadInput where they rank other users.
    """
    apart = []
    for own, its in result.pairs_with(other):
        ours, theirs = own.per_user(metric, cutoff, reading), its.per_user(metric, cutoff, reading)
        if ours is None or theirs is None:
            return None
        same_users(own, ours.index, its, theirs.index)
        apart.append((ours - theirs).to_numpy())
    return np.concatenate(apart) if apart else None


def same_users(result: Result, users: pd.Index, other: Result, others: pd.Index) -> None:
    """Refuse to pair results of different users."""
    if not users.equals(others):
        raise BadInput(f"{result.folder} and {other.folder} rank other users; run the older of the two again")


def percent(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation over seeds (n - 1) in percent; the deviation of one seed is not a number."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return 100 * float(np.mean(values)), 100 * deviation
