"""A paper at a scale, with what its cells left: what every table and figure is made of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from datasets.pipeline.errors import BadInput
from paper_tables.cell import Cell
from paper_tables.draws import Draws
from paper_tables.labels import method_label, row_label
from paper_tables.lines import Line, reader
from paper_tables.reported import printed_numbers
from paper_tables.results import FAILED, Result
from paper_tables.spec.grid import Place, Row, places, rows
from paper_tables.spec.paper import Metric, Paper
from paper_tables.spec.plan import Plan, read_plan
from paper_tables.spec.specification import data_sets, specification

NOTHING = ("", "", "")  # value, footnote and gain of a number that is not printed


@dataclass(frozen=True, eq=False)
class Study:
    """scale: the parsed config/<scale>.yaml; results: results/<scale>."""

    plan: Plan
    scale: Mapping
    results: Path

    @classmethod
    def of(cls, name: str, scale: Mapping, results: Path) -> "Study":
        return cls(read_plan(scale, name), scale, Path(results))

    @property
    def paper(self) -> Paper:
        return self.plan.paper

    @cached_property
    def cells(self) -> list[Cell]:
        return specification(self.paper.name).cells(self.scale)

    @cached_property
    def read(self) -> Callable[[Cell], Result]:
        return reader(self.cells, self.results)

    @cached_property
    def places(self) -> list[Place]:
        """All that the tables' columns are measured on."""
        return [place for name in self.paper.data for place in places(self.plan, name)]

    @cached_property
    def data(self) -> dict[str, list[str]]:
        """Data set of the tables that the scale runs -> the data sets behind it, its draws."""
        return data_sets(self.plan)

    def tables(self, target: str = "") -> list[str]:
        """The targets that a target is of, or all that have rows."""
        content = self.paper.targets.get(target, {})
        return list(content.get("of", ())) or [name for name, of in self.paper.targets.items() if "rows" in of]

    def compared(self, target: str = "") -> list[Line]:
        """The treated lines of the tables that a target is of, with all that they are compared with."""
        return [line for line in self._headlines(target) if line.against]

    def treated(self, target: str) -> list[Line]:
        """The treated lines of the tables that a target is of."""
        only = self.paper.targets[target].get("only")
        planned = {cell.identifier for cell in self.cells} if only == "planned" else ()
        found = [line for line in self._headlines(target) if line.result.cell.treatment]
        return [line for line in found if not planned or line.result.cell.identifier in planned]

    def _headlines(self, target: str) -> Iterator[Line]:
        """The lines of a target's tables in the views that are printed, or the first one."""
        content = self.paper.targets.get(target, {})
        for name in content.get("shows", ()) or self.tables(target):
            yield from (line for line in self.lines(name) if self.leads(line.view))

    def leads(self, view: str) -> bool:
        return view == next(iter(self.paper.views)) or "place" in self.paper.views[view]

    def lines(self, target: str) -> Iterator[Line]:
        """The rows of a table, of all that the paper has; what the scale leaves out is not run."""
        content = self.paper.targets[target]
        for row in rows(self.plan, target):
            line = self._line(row, target)
            for name in content.get("views", tuple(self.paper.views)):
                view = self.paper.views[name]
                first = self.leads(name)
                result = line.result.seen(view)
                shown = replace(
                    line,
                    view=name,
                    metrics=tuple(map(Metric.of, view["metrics"])) if "metrics" in view else self.paper.metrics,
                    result=result.minus(line.against[view["minus"]].seen(view)) if "minus" in view else result,
                    against={key: other.seen(view) for key, other in line.against.items()},
                    printed_setting=";".join(filter(None, [line.printed_setting, view.get("place", "")])),
                    headline=line.headline and first,
                )
                # a second kind of candidates is there only where the data has them, and none of it is the headline
                if first or shown.result.ranked:
                    yield shown

    def _line(self, row: Row, target: str) -> Line:
        content = self.paper.targets[target]
        patterns = self.paper.rows[content["rows"]]
        result = best_by_validation([self._draws(cells) for cells in row.choices], self.paper.selection)
        cell = result.cell
        if row.varies:
            _refuse_other(result, row, target)
        name = row_label(cell.anchor, cell.treatment)
        named = f"{name}, sampler {method_label(cell.sampler)}" if cell.sampler and not row.best else name
        against = {name: self._draws(cells) for name, cells in row.against.items()}
        block = row.block or method_label(cell.anchor)
        # beside rows that vary a setting stand plain anchors, which are printed nowhere
        headline = row.place.headline and bool(row.varies or not any("vary" in pattern for pattern in patterns))
        return Line(
            row=named,
            block=block,
            result=result,
            place=row.place,
            metrics=(),
            against=against,
            value=row.value,
            best=row.best,
            varies=row.varies,
            target=target,
            table=content.get("printed"),
            printed_setting=row.place.printed(content.get("place", ""), **_varied(row)),
            headline=headline,
        )

    def _draws(self, cells: tuple[Cell, ...]) -> Draws:
        return Draws(tuple(map(self.read, cells)))

    def printed(self, line: Line, metric: Metric) -> tuple[str, str, str]:
        """(value as printed, footnote, printed gain in percent); empty where the paper has no such number."""
        return self._printed(line, metric, line.result.cell.treatment)

    def _printed(self, line: Line, metric: Metric, treatment: str) -> tuple[str, str, str]:
        if line.table is None:
            return NOTHING
        cell, name = line.result.cell, self.paper.printed_name
        sampler = cell.sampler if treatment and not line.best else ""
        key = (name(cell.anchor), name(treatment) or "none", sampler, metric.name, metric.k)
        return printed_numbers(self.paper.name).get(
            (str(line.table), line.dataset, line.printed_setting, *key), NOTHING
        )

    def printed_gain(self, line: Line, metric: Metric) -> float:
        """Of a treated line over its plain anchor, in percentage points; NaN where either is not printed."""
        ours, plain = (self._printed(line, metric, treatment)[0] for treatment in (line.result.cell.treatment, ""))
        try:
            return (1 if self.paper.unit == "percent" else 100) * (float(ours) - float(plain))
        except ValueError:
            return float("nan")


def best_by_validation(candidates: list[Draws], selection: Metric) -> Draws:
    """The finished candidate with the highest value in validation (mean over seeds); no test result is looked at.

    Where none is finished: one that failed, else one that was not run.
    """
    done = [result for result in candidates if result.done]
    if len(candidates) > 1 and done:
        return max(done, key=lambda result: result.values(selection.name, selection.k, part="validation").mean())
    return next((result for result in candidates if result.status == FAILED), candidates[0])


def _varied(row: Row) -> dict:
    return {row.varies: row.value} if row.varies else {}


def _refuse_other(result: Draws, row: Row, target: str) -> None:
    """Refuse a cell that was run with another value than its place in the table says."""
    for each in result.finished:
        if each.setting("treatment", row.varies) != row.value:
            raise BadInput(
                f"{each.folder}: {row.varies} is {each.setting('treatment', row.varies)}, but {target} wants "
                f"{row.value}; set it in the scale's file, not in the data set's, or run the cell again"
            )
