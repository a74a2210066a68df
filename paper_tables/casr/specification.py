"""Which cells make which table or figure of CASR. All of them are known before anything runs."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from paper_tables import recommenders
from paper_tables.casr.plan import ANCHORS, BASELINES, FIGURES, Plan, read_plan
from paper_tables.cell import Cell
from paper_tables.outputs import target_files
from paper_tables.printed_rows import printed_rows
from paper_tables.recommenders import own_methods

SELECTION = "ndcg@5"  # what early stopping and the search for settings go by, on validation data
TARGETS = ("table1", "table2", "table3", "controls", "splits", "sets", "tuning", "audit", *FIGURES, "figure7")
TARGETS += ("verdicts", "agreement", "claims")  # measured against printed
TARGETS += ("tests", "ranks", "readings", "dose")
PICTURES = (*FIGURES, "agreement", "ranks", "dose")

# What a figure varies: the setting, the short name of a value, and the usual value, at which a main cell stands already
# unless the scale sets another one. kappa and the index of the main cells are tuned, so that none is shared.
VARIED = {
    "figure3": ("share", lambda x: f"r{100 * x:.6g}", 1.0),
    "figure4": ("rounds", lambda x: f"l{x}", 1),
    "figure5": ("kappa", lambda x: f"kappa{x:g}", None),
    "figure6": ("index", lambda x: f"d{x}", None),
}


def cells(scale: Mapping) -> list[Cell]:
    """All cells of the paper at a scale (the parsed config/<scale>.yaml), each once, in the order of the tables."""
    return _unique(cell for target in TARGETS for cell in target_cells(target, scale))


def target_cells(target: str, scale: Mapping) -> list[Cell]:
    """The cells that one table or figure reads. Raises ValueError for an unknown target."""
    plan = read_plan(scale)
    if target in ("table1", "audit"):
        return []
    if target in ("table2", "tuning", "ranks"):
        plain = [_plain(d, m) for d in plan.datasets for m in table2_methods(plan)]
        return plain + augmented(plan)
    if target in ("table3", "controls", "tests"):
        plain = [_plain(d, anchor) for d in plan.datasets for anchor in plan.augmented[d]]
        return plain + augmented(plan) + augmented(plan, variant="control")
    if target in ("verdicts", "agreement"):
        return _unique([*target_cells("table2", scale), *target_cells("table3", scale)])
    if target == "readings":
        pairs = [(dataset, anchor) for dataset in plan.datasets for anchor in plan.anchors]
        return [cell for pair in pairs for cell in reading_cells(plan, *pair)]
    if target == "sets":
        return augmented(plan)
    if target == "claims":
        return _unique(cell for read in ("table2", "table3", *FIGURES) for cell in target_cells(read, scale))
    if target == "splits":
        return _unique(cell for split in extra_splits(plan) for cell in split_cells(plan, split))
    if target == "figure7":
        return case_study_cells(plan) if plan.case_study else []
    if target == "dose":
        return plan.dose.cells() if plan.dose else []
    if target in FIGURES:
        return _unique(cell for dataset in figure_datasets(plan, target) for cell in panel_cells(plan, target, dataset))
    raise ValueError(f"unknown target '{target}': one of {', '.join(TARGETS)}")


def outputs(target: str, results: Path) -> list[Path]:
    return target_files("casr", target, PICTURES, results)


def seeds_of(scale: Mapping, dataset: str) -> tuple[int, ...]:
    return read_plan(scale).seeds[dataset]


def searched_on(scale: Mapping, split: str) -> str:
    """The split whose search for settings serves this one: each has its own."""
    return split


def other_methods(plan: Plan) -> tuple[str, ...]:
    """What stands in Table 2 besides the paper's methods and the controls."""
    return recommenders.other_methods("casr", own_methods(), plan.others, (*BASELINES, *ANCHORS))


def table2_methods(plan: Plan) -> list[str]:
    return [*plan.baselines, *plan.controls, *other_methods(plan), *plan.anchors]


def augmented(plan: Plan, variant: str = "") -> list[Cell]:
    """Data set x anchor x strategy x sampler, or their matched random controls."""
    return [
        Cell("casr", f"{dataset}.loo", anchor, strategy, sampler, variant)
        for dataset in plan.datasets
        for anchor in plan.augmented[dataset]
        for strategy in plan.strategies
        for sampler in plan.samplers
    ]


def extra_splits(plan: Plan) -> list[str]:
    """Other orders of the items, and the split on the global time line for data that has time."""
    orders = [f"{dataset}.loo.{order}" for dataset, names in plan.orders.items() for order in names]
    return orders + [f"{dataset}.{twin}" for dataset in plan.datasets if card(dataset).has_time for twin in plan.twins]


def split_cells(plan: Plan, split: str) -> list[Cell]:
    """Plain anchors on another order of the items; on another protocol also the baselines."""
    names = plan.anchors if split.count(".") == 2 else (*plan.baselines, *plan.anchors)
    return [Cell("casr", split, name) for name in names]


def reading_cells(plan: Plan, dataset: str, anchor: str) -> list[Cell]:
    """The plain anchor on every order of the items, and the cells that augment it."""
    orders = [split for split in extra_splits(plan) if split.startswith(f"{dataset}.loo.")]
    own = [cell for cell in augmented(plan) if (cell.dataset, cell.anchor) == (dataset, anchor)]
    return [_plain(dataset, anchor), *(Cell("casr", split, anchor) for split in orders), *own]


def combination(plan: Plan, dataset: str) -> tuple[str, str]:
    """(anchor, sampler) of a data set's figures: "the best combination by Tables 2 and 3".

    Taken from the printed Table 3, so that the choice rests on no result of ours; the scale may name another one, and
    must for data that the paper does not have.
    """
    return plan.combinations.get(dataset) or best_combination(dataset)


@cache
def best_combination(dataset: str) -> tuple[str, str]:
    """(anchor, sampler) of the highest printed NDCG@5 of Table 3 for a data set, over the three strategies.

    Raises BadInput for a data set that the paper does not have.
    """
    asked = {"table": "3", "metric": "ndcg", "dataset": dataset}
    rows = [row for row in printed_rows("casr") if asked.items() <= row.items() and row["method"] != "none"]
    if not rows:
        raise BadInput(f"'{dataset}' is not in the paper: name its anchor and sampler under papers.casr.combinations")
    best = max(rows, key=lambda row: float(row["value"]))
    return best["anchor"], best["sampler"]


def figure_datasets(plan: Plan, figure: str) -> tuple[str, ...]:
    return plan.figures.get(figure, ((), ()))[0]


def figure_values(plan: Plan, figure: str) -> tuple[float, ...]:
    return plan.figures.get(figure, ((), ()))[1]


def panel_cells(plan: Plan, figure: str, dataset: str) -> list[Cell]:
    """The plain anchor, every strategy at every x value, and its main cell's control, with the set's combination."""
    anchor, _ = combination(plan, dataset)
    values = figure_values(plan, figure)
    curves = [point_cell(plan, figure, dataset, strategy, x) for strategy in plan.strategies for x in values]
    controls = [control_cell(plan, dataset, strategy) for strategy in plan.strategies]
    return [_plain(dataset, anchor), *curves, *controls]


def point_cell(plan: Plan, figure: str, dataset: str, strategy: str, x: float) -> Cell:
    setting, short, main = VARIED[figure]
    parts = _parts(plan, dataset, strategy)
    if x == main == _main_value(plan, dataset, strategy, setting, main):
        return Cell("casr", f"{dataset}.loo", *parts)
    return Cell("casr", f"{dataset}.loo", *parts, short(x), {setting: x})


def _main_value(plan: Plan, dataset: str, strategy: str, setting: str, usual: float) -> float:
    """A main cell's setting as the scale's file sets it, the more particular section over the more general."""
    anchor, _, sampler = _parts(plan, dataset, strategy)
    sections = (strategy.rpartition("-")[0], strategy, f"{anchor}.{strategy}.{sampler}")
    return [usual, *(plan.settings[name][setting] for name in sections if setting in plan.settings.get(name, {}))][-1]


def control_cell(plan: Plan, dataset: str, strategy: str) -> Cell:
    return Cell("casr", f"{dataset}.loo", *_parts(plan, dataset, strategy), "control")


def case_study_cells(plan: Plan) -> list[Cell]:
    dataset = plan.case_study
    return [Cell("casr", f"{dataset}.loo", *_parts(plan, dataset, strategy)) for strategy in plan.strategies]


def _parts(plan: Plan, dataset: str, strategy: str) -> tuple[str, str, str]:
    anchor, sampler = combination(plan, dataset)
    return anchor, strategy, sampler


@cache
def _plain(dataset: str, method: str) -> Cell:
    return Cell("casr", f"{dataset}.loo", method)


def _unique(found: object) -> list[Cell]:
    return list({cell.identifier: cell for cell in found}.values())
