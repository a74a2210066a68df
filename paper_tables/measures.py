"""What a paper measures, for the tables that all papers share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measures:
    """paper: the name of its folder; label: as it is called; metrics: in the order of its tables, all at one cutoff."""

    paper: str
    label: str
    metrics: tuple[str, ...]
    cutoff: int

    def head(self, metric: str) -> str:
        """`NDCG@5`."""
        return f"{metric.upper()}@{self.cutoff}"
