"""Which cells make which table of CPR. All of them are known before anything runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets.pipeline.card import variant_name
from paper_tables import recommenders
from paper_tables.cell import Cell
from paper_tables.cpr.plan import (
    ANCHORS,
    BASELINES,
    FEEDBACKS,
    LEARNED,
    MIND,
    PRINTED,
    STRATEGIES,
    SYNTHETIC,
    Plan,
    read_plan,
)
from paper_tables.outputs import target_files

SELECTION = "ndcg@10"  # what early stopping, tuning and the choice between cells go by, on validation data
TARGETS = ("table1", "table2", "table3", "table4", "controls", "recovery", "sets", "tuning", "audit")
TARGETS += ("verdicts", "agreement", "claims", "tests", "readings", "dose")
PICTURES = ("agreement", "dose")
USUAL_K = 1  # of the card


@dataclass(frozen=True)
class Setting:
    """What one column of a table is measured on: all draws of a synthetic setting, or a real data set.

    base: the name of the data set's card; the rest is empty for real data. datasets: one for each data seed.
    """

    base: str
    datasets: tuple[str, ...]
    feedback: str = ""
    dim: int | None = None
    noise: float | None = None
    reading: str = ""


def cells(scale: Mapping) -> list[Cell]:
    """All cells of the paper at a scale (the parsed config/<scale>.yaml), each once, in the order of the tables."""
    return _unique(cell for target in TARGETS for cell in target_cells(target, scale))


def target_cells(target: str, scale: Mapping) -> list[Cell]:
    """The cells that one table reads. Raises ValueError for an unknown target."""
    plan = read_plan(scale)
    synthetic, real = main_settings(plan), mind_settings(plan)
    if target == "audit":
        return []
    if target == "dose":
        return plan.dose.cells() if plan.dose else []
    if target == "table1":
        return _unique(cell for setting in synthetic for cell in main_cells(plan, setting))
    if target == "table2":
        return _unique(cell for setting in filter_settings(plan) for cell in filter_cells(plan, setting))
    if target == "table3":
        return _unique(cell for setting in real for cell in main_cells(plan, setting))
    if target == "table4":
        return [cell for setting in real for name in plan.anchors for cell in _of(setting, name, ("", LEARNED))]
    if target in ("controls", "tests"):
        return _unique(
            cell
            for setting in (*synthetic, *real)
            for name in plan.anchors
            for cell in (*_of(setting, name, ("", *STRATEGIES)), *_of(setting, name, (LEARNED,), "control"))
        )
    if target == "recovery":
        return [cell for setting in synthetic for name in plan.anchors for cell in _of(setting, name, STRATEGIES)]
    if target == "sets":
        return [cell for cell in cells_of(("table1", "table2", "table3"), scale) if cell.treatment]
    if target == "readings":
        return cells_of(("table1", "table3"), scale)
    shown = ("table1", "table2", "table3", "table4")
    if target == "tuning":
        found = cells_of(shown, scale)
        searched = {split for split in {cell.split for cell in found} if searched_on(scale, split) == split}
        return [cell for cell in found if cell.split in searched]
    if target in ("verdicts", "agreement", "claims"):
        return cells_of(shown, scale)
    raise ValueError(f"unknown target '{target}': one of {', '.join(TARGETS)}")


def cells_of(targets: Iterable[str], scale: Mapping) -> list[Cell]:
    return _unique(cell for target in targets for cell in target_cells(target, scale))


def outputs(target: str, results: Path) -> list[Path]:
    return target_files("cpr", target, PICTURES, results)


def seeds_of(scale: Mapping, dataset: str) -> tuple[int, ...]:
    return read_plan(scale).seeds


def searched_on(scale: Mapping, split: str) -> str:
    """The split whose search for settings serves this one: of a synthetic setting its first draw (cpr-one-search)."""
    plan = read_plan(scale)
    for setting in (*main_settings(plan), *filter_settings(plan)):
        for dataset in setting.datasets:
            if split == f"{dataset}.loo":
                return f"{setting.datasets[0]}.loo"
    return split


def main_settings(plan: Plan) -> list[Setting]:
    """Table 1's: feedback x dimension without noise, in every reading."""
    return [
        synthetic(plan, feedback, dim, 0, reading)
        for reading in plan.readings
        for feedback in plan.feedbacks
        for dim in plan.dims
    ]


def filter_settings(plan: Plan) -> list[Setting]:
    """Table 2's: noise x dimension with non-linear feedback, in every reading."""
    if FEEDBACKS[0] not in plan.feedbacks:
        return []
    return [
        synthetic(plan, FEEDBACKS[0], dim, noise, reading)
        for reading in plan.readings
        for noise in plan.noises
        for dim in plan.dims
    ]


def mind_settings(plan: Plan) -> list[Setting]:
    return [Setting(MIND, (MIND,))] if plan.mind else []


def synthetic(plan: Plan, feedback: str, dim: int, noise: float, reading: str) -> Setting:
    """A setting of the generator with the plan's data seeds. As printed both feedbacks are one function (anomaly
    cpr-1): there the linear setting reads the cells of the other."""
    return _drawn(plan.data_seeds, feedback, dim, noise, reading)


@cache
def _drawn(seeds: tuple[int, ...], feedback: str, dim: int, noise: float, reading: str) -> Setting:
    chosen = {"feedback": feedback, "dim": dim, "noise": noise, "reading": reading}
    of = {**chosen, "feedback": FEEDBACKS[0]} if reading == PRINTED else chosen
    names = tuple(variant_name(SYNTHETIC, **of, seed=seed) for seed in seeds)
    return Setting(SYNTHETIC, names, **chosen)


def other_methods(plan: Plan) -> tuple[str, ...]:
    """What stands in Tables 1 and 3 besides the paper's methods: one's own that need no order of a user's items."""
    families = recommenders.recommenders()
    own = [name for name in recommenders.own_methods() if families[name] != "sequential"]
    return recommenders.other_methods("cpr", own, plan.others, (*BASELINES, *ANCHORS))


def main_cells(plan: Plan, setting: Setting) -> list[Cell]:
    """Baselines, other methods, and each anchor alone, with random and with learned interventions."""
    plain = [cell for name in (*plan.baselines, *other_methods(plan)) for cell in _of(setting, name, ("",))]
    return plain + [cell for name in plan.anchors for cell in _of(setting, name, ("", *STRATEGIES))]


def filter_cells(plan: Plan, setting: Setting) -> list[Cell]:
    """Each anchor alone, and with learned interventions at every size k of the noise filter."""
    return [
        cell
        for name in plan.anchors
        for dataset in setting.datasets
        for cell in (plain(dataset, name), *(filtered(plan, dataset, name, k) for k in plan.ks))
    ]


@cache
def plain(dataset: str, method: str, treatment: str = "", variant: str = "") -> Cell:
    return Cell("cpr", f"{dataset}.loo", method, treatment, "", variant)


def filtered(plan: Plan, dataset: str, anchor: str, k: int) -> Cell:
    """The anchor with learned interventions and a noise filter of size k: the main cell where that has this k."""
    if k == main_k(plan, anchor):
        return plain(dataset, anchor, LEARNED)
    return Cell("cpr", f"{dataset}.loo", anchor, LEARNED, "", f"k{k}", {"k": k})


def main_k(plan: Plan, anchor: str) -> int | None:
    """A main cell's k as the scale's file sets it, the more particular section over the more general; None where it is
    searched for."""
    if plan.searched:
        return None
    sections = ("cpr", LEARNED, f"{anchor}.{LEARNED}")
    return [USUAL_K, *(plan.settings[name]["k"] for name in sections if "k" in plan.settings.get(name, {}))][-1]


def _of(setting: Setting, anchor: str, treatments: Iterable[str], variant: str = "") -> list[Cell]:
    return [plain(dataset, anchor, treatment, variant) for treatment in treatments for dataset in setting.datasets]


def _unique(found: Iterable[Cell]) -> list[Cell]:
    return list({cell.identifier: cell for cell in found}.values())
