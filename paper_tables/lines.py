"""What the rows of a table are made of: a result, and the results that it is compared with."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paper_tables.cell import Cell
from paper_tables.draws import Draws
from paper_tables.results import NOT_RUN, Result, read_result


@dataclass(frozen=True)
class Line:
    """One row of a table on one data set. `result` is what the row shows; against: what it is compared with, by the
    name of the comparison (`plain`, `control`, `random`). setting: what else identifies the row, `name=value` joined by
    `;`. family: of which settings the tests are corrected together.
    """

    row: str
    block: str
    dataset: str
    result: Result | Draws
    against: Mapping[str, Result | Draws] = field(default_factory=dict)
    setting: str = ""
    family: str = "all data sets"

    @property
    def plain(self) -> Result | Draws | None:
        return self.against.get("plain")


def reader(planned: Collection[Cell], results: Path) -> Callable[[Cell], Result]:
    """Reads each result once; what the scale leaves out is not run, whatever lies in the folder."""
    identifiers = {cell.identifier for cell in planned}

    @cache
    def read(cell: Cell) -> Result:
        if cell.identifier not in identifiers:
            return Result(cell, NOT_RUN, "not part of this scale", cell.folder(results))
        return read_result(cell, results)

    return read
