"""Which cells make which table or figure of a paper. All of them are known before anything runs."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import unknown
from datasets.pipeline.split_name import SplitName
from paper_tables.cell import Cell
from paper_tables.printed_rows import printed_rows
from paper_tables.spec.grid import CONTROL, places, rows, varied
from paper_tables.spec.paper import Paper, paper
from paper_tables.spec.plan import Plan, read_plan

SCALE = Mapping  # the parsed config/<scale>.yaml


class Specification:
    """What the workflow asks of a paper."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.SELECTION = paper(name).selects  # what ends trainings and chooses settings, on validation data

    @property
    def paper(self) -> Paper:
        return paper(self.name)

    @cached_property
    def TARGETS(self) -> tuple[str, ...]:
        """Its tables and figures."""
        return tuple(self.paper.targets)

    def outputs(self, target: str, results: Path) -> list[Path]:
        """The files that are made of a target."""
        return self.paper.outputs(target, results)

    def cells(self, scale: SCALE) -> list[Cell]:
        """All cells of the paper at a scale, each once, in the order of the tables."""
        plan = read_plan(scale, self.name)
        return unique(cell for target in self.TARGETS for cell in target_cells(plan, target))

    def target_cells(self, target: str, scale: SCALE) -> list[Cell]:
        """The cells that one table or figure reads. Raises ValueError for an unknown target."""
        if target not in self.TARGETS:
            raise ValueError(unknown("target", target, self.TARGETS))
        return target_cells(read_plan(scale, self.name), target)

    def seeds_of(self, scale: SCALE, dataset: str) -> tuple[int, ...]:
        return read_plan(scale, self.name).seeds_on(dataset)

    def searched_on(self, scale: SCALE, split: str) -> str:
        """The split whose search for settings serves this one: of a synthetic setting its first draw."""
        return searched_on(read_plan(scale, self.name), split)


@cache
def specification(name: str) -> Specification:
    """BadInput where there is no such paper."""
    return Specification(name)


def target_cells(plan: Plan, target: str) -> list[Cell]:
    content = plan.paper.targets[target]
    kind = content["kind"]
    if kind in _OWN_CELLS:
        return unique(_OWN_CELLS[kind](plan, target))
    if "of" not in content:
        return unique(_row_cells(plan, target)) if "rows" in content else _case_cells(plan, target)
    if kind in ("controls", "tests"):
        return unique(cell for other in content["of"] for cell in compared_cells(plan, other))
    found = unique(cell for other in content["of"] for cell in target_cells(plan, other))
    if kind == "sets" or content.get("only") == "treated":
        return [cell for cell in found if cell.treatment and cell.variant != CONTROL]
    if kind == "tuning":
        return [cell for cell in found if searched_on(plan, cell.split) == cell.split and cell.variant != CONTROL]
    return found


def _row_cells(plan: Plan, target: str) -> Iterable[Cell]:
    """Those of the table's rows, and of the comparison that stands beside them in the table itself."""
    beside = plan.paper.targets[target].get("beside")
    for row in rows(plan, target):
        for cells in row.planned:
            yield from cells
        if row.planned and beside in row.against:
            yield from row.against[beside]


def compared_cells(plan: Plan, target: str) -> Iterable[Cell]:
    """The treated rows of a table, and all that they are compared with."""
    for row in rows(plan, target):
        if row.planned and row.against:
            for cells in (*row.planned, *row.against.values()):
                yield from cells


def searched_on(plan: Plan, split: str) -> str:
    drawn = [name for name, content in plan.paper.data.items() if "draws" in content]
    for place in (place for name in drawn for place in places(plan, name) if place.planned):
        for dataset in place.datasets:
            if split == plan.paper.split_of(dataset):
                return plan.paper.split_of(place.datasets[0])
    return split


def extra_splits(plan: Plan) -> list[str]:
    """Other orders of the items, and the split on the global time line for data that has time."""
    orders = [plan.paper.split_of(dataset, order) for dataset, names in plan.orders.items() for order in names]
    timed = [dataset for dataset in plan.datasets if card(dataset).has_time]
    twins = plan.part.get("twins", ())
    return orders + [plan.paper.split_of(dataset, protocol=twin) for dataset in timed for twin in twins]


def split_cells(plan: Plan, split: str) -> list[Cell]:
    """Plain anchors on another order of the items; on another protocol also the baselines."""
    baselines = () if ordered(plan, split) else plan.lists["baselines"]
    return [Cell(plan.paper.name, split, name) for name in (*baselines, *plan.lists["anchors"])]


def ordered(plan: Plan, split: str) -> bool:
    """Whether a split is the paper's with another order."""
    dataset = SplitName.of(split).dataset
    return split.startswith(f"{plan.paper.split_of(dataset)}.")


def reading_cells(plan: Plan, dataset: str, anchor: str) -> list[Cell]:
    """The plain anchor on every order of the items, and the cells that augment it."""
    orders = [plan.paper.split_of(dataset, order) for order in plan.orders.get(dataset, ())]
    own = [
        plan.cell(dataset, anchor, strategy, sampler)
        for strategy in plan.lists["strategies"]
        for sampler in plan.lists["samplers"]
        if anchor in plan.augmented(dataset)
    ]
    return [plan.cell(dataset, anchor), *(Cell(plan.paper.name, split, anchor) for split in orders), *own]


def _reading_cells(plan: Plan, target: str) -> Iterable[Cell]:
    pairs = [(dataset, anchor) for dataset in plan.datasets for anchor in plan.lists["anchors"]]
    return (cell for pair in pairs for cell in reading_cells(plan, *pair))


def combination(plan: Plan, dataset: str) -> tuple[str, str]:
    """(anchor, sampler) of a data set's figures: "the best combination by Tables 2 and 3".

    Taken from the printed numbers, so that the choice rests on no result of ours; the scale may name another one, and
    must for data that the paper does not have.
    """
    named = plan.part.get("combinations", {}).get(dataset)
    return tuple(named) if named else best_combination(plan.paper.name, dataset)


@cache
def best_combination(name: str, dataset: str) -> tuple[str, str]:
    """(anchor, sampler) of the highest printed number for a data set, in the paper's first selecting metric.

    Raises BadInput for a data set that the paper does not have.
    """
    metric = paper(name).selection.name
    asked = {"metric": metric, "dataset": dataset}
    found = [row for row in printed_rows(name) if asked.items() <= row.items() and row["sampler"]]
    if not found:
        raise BadInput(f"'{dataset}' is not in the paper: name its anchor and sampler under papers.{name}.combinations")
    best = max(found, key=lambda row: float(row["value"]))
    return best["anchor"], best["sampler"]


def panel_cells(plan: Plan, figure: str, dataset: str) -> list[Cell]:
    """The plain anchor, every strategy at every x value, and its main cell's control, with the set's combination."""
    anchor, _ = combination(plan, dataset)
    strategies, (_, values) = plan.lists["strategies"], plan.figure(figure)
    curves = [point_cell(plan, figure, dataset, strategy, x) for strategy in strategies for x in values]
    return [plan.cell(dataset, anchor), *curves, *(control_cell(plan, dataset, strategy) for strategy in strategies)]


def point_cell(plan: Plan, figure: str, dataset: str, strategy: str, x: float) -> Cell:
    return varied(plan, _main(plan, dataset, strategy), plan.paper.targets[figure], x)


def control_cell(plan: Plan, dataset: str, strategy: str) -> Cell:
    return _main(plan, dataset, strategy, CONTROL)


def _main(plan: Plan, dataset: str, strategy: str, variant: str = "") -> Cell:
    anchor, sampler = combination(plan, dataset)
    return plan.cell(dataset, anchor, strategy, sampler, variant)


def _curve_cells(plan: Plan, target: str) -> Iterable[Cell]:
    return (cell for dataset in plan.figure(target)[0] for cell in panel_cells(plan, target, dataset))


def _case_cells(plan: Plan, target: str) -> list[Cell]:
    """Every strategy with the combination of the data set that the scale names for a figure of its own kind."""
    dataset = plan.part.get(plan.paper.targets[target].get("dataset", ""), "")
    return [_main(plan, dataset, strategy) for strategy in plan.lists["strategies"]] if dataset else []


def unique(found: Iterable[Cell]) -> list[Cell]:
    return list({cell.identifier: cell for cell in found}.values())


_OWN_CELLS: dict[str, Callable[[Plan, str], Iterable[Cell]]] = {
    "audit": lambda plan, target: (),
    "sizes": lambda plan, target: (),
    "splits": lambda plan, target: (cell for split in extra_splits(plan) for cell in split_cells(plan, split)),
    "curves": _curve_cells,
    "readings": _reading_cells,
    "dose": lambda plan, target: plan.dose.cells() if plan.dose else (),
}


def data_sets(plan: Plan) -> dict[str, list[str]]:
    """Data set of the paper's tables that the scale runs -> the data sets that it stands for, its draws."""
    found: dict[str, list[str]] = {}
    found |= {dataset: [] for dataset in plan.datasets}
    for place in (place for name in plan.paper.data for place in places(plan, name) if place.planned):
        known = found.setdefault(place.base, [])
        known += [name for name in place.datasets if name not in known]
    return found
