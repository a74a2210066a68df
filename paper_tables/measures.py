"""What a paper measures, for the tables that all papers share."""

import importlib
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


def measures(paper: str) -> Measures:
    """Those of a paper, which stand in its plan.py."""
    return importlib.import_module(f"paper_tables.{paper}.plan").MEASURES
