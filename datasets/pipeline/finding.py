"""What an audit finds (datasets/pipeline/audit.py says what the levels mean)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    check: str
    level: str
    value: float
    meaning: str
