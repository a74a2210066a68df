"""The rows of the printed tables as plain text. Which cells there are is asked before every run: no pandas here, which
takes half a second to load."""

import csv
from functools import cache

from paper_tables.spec.paper import PAPERS


@cache
def printed_rows(paper: str) -> tuple[dict[str, str], ...]:
    """The rows of the paper's result tables, in the order of the files. Tables of counts have no `metric`."""
    found = []
    for file in sorted((PAPERS / paper / "printed").glob("table*.csv")):
        with open(file, encoding="utf-8", newline="") as lines:
            found += [row for row in csv.DictReader(lines) if "metric" in row]
    return tuple(found)
