"""The rows of the printed tables as plain text. Which cells there are is asked before every run: no pandas here, which
takes half a second to load."""

import csv
from functools import cache
from pathlib import Path

from datasets.pipeline.files import folders_with

PAPERS = Path(__file__).parent


def papers() -> tuple[str, ...]:
    """Every paper whose printed numbers are here, by name."""
    return tuple(folder.name for folder in folders_with("reported", PAPERS))


@cache
def printed_rows(paper: str) -> tuple[dict[str, str], ...]:
    """The rows of the paper's result tables, in the order of the files. Tables of counts have no `metric`."""
    found = []
    for file in sorted((PAPERS / paper / "reported").glob("table*.csv")):
        with open(file, encoding="utf-8", newline="") as lines:
            found += [row for row in csv.DictReader(lines) if "metric" in row]
    return tuple(found)
