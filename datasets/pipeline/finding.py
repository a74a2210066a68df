"""What an audit finds (datasets/pipeline/audit.py says what the levels mean)."""

from collections.abc import Sequence
from dataclasses import dataclass

LEVELS = ("ok", "note", "warning", "error")


@dataclass(frozen=True)
class Finding:
    check: str
    level: str
    value: float
    meaning: str


def graded(check: str, value: float, bounds: Sequence[float], meaning: str) -> Finding:
    """The level whose bound `value` exceeds: above the first a note, the second a warning, the third an error."""
    return Finding(check, LEVELS[sum(value > bound for bound in bounds)], round(float(value), 6), meaning)
