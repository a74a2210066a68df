"""What the rows of a table are made of: a result, and the results that it is compared with."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paper_tables.cell import Cell
from paper_tables.draws import Draws
from paper_tables.results import NOT_RUN, Result, read_result
from paper_tables.spec.grid import Place
from paper_tables.spec.paper import Metric


@dataclass(frozen=True)
class Line:
    """One row of a table on one data set, in one view of its result. `result` is what the row shows; against: what it
    is compared with, by the name of the comparison (`plain`, `control`, `random`). place: what it is measured on;
    varies, value: the setting that the row varies, and its value; target: the table that it stands in; table: the
    number of the printed one, or none; printed_setting: how that one calls the place; headline: whether it is what the
    printed number is compared with.
    """

    row: str
    block: str
    result: Draws
    place: Place
    metrics: tuple[Metric, ...]
    against: Mapping[str, Draws] = field(default_factory=dict)
    value: object = None
    best: bool = False
    view: str = ""
    varies: str = ""
    target: str = ""
    table: int | None = None
    printed_setting: str = ""
    headline: bool = True

    @property
    def plain(self) -> Draws | None:
        return self.against.get("plain")

    @property
    def dataset(self) -> str:
        return self.place.base

    @property
    def setting(self) -> str:
        return self.place.words

    @property
    def family(self) -> str:
        """Of which settings the tests are corrected together."""
        return self.place.family

    @property
    def head(self) -> dict:
        """What every table says first of the row."""
        cell, result = self.result.cell, self.result
        return {
            "dataset": self.dataset,
            "setting": self.setting,
            "row": self.row,
            "block": self.block,
            "anchor": cell.anchor,
            "method": cell.treatment or "none",
            "sampler": "" if self.best and not result.done else cell.sampler,
            "status": result.status,
            "reason": result.reason,
            "seeds": result.training_seeds,
            "flags": "; ".join(result.flags),
        }


def reader(planned: Collection[Cell], results: Path) -> Callable[[Cell], Result]:
    """Reads each result once; what the scale leaves out is not run, whatever lies in the folder."""
    identifiers = {cell.identifier for cell in planned}

    @cache
    def read(cell: Cell) -> Result:
        if cell.identifier not in identifiers:
            return Result(cell, NOT_RUN, "not part of this scale", cell.folder(results))
        return read_result(cell, results)

    return read
