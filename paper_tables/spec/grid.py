"""The rows of a paper's tables and the cells behind them, from its file and a scale. All is known before anything runs.

A row is generated for all that the paper has; a cell is planned where every value is in the part that the scale takes.
What is not planned is shown as not run.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product

from datasets.pipeline.card import card, variant_name
from methods.cards import treatment_method
from paper_tables import recommenders
from paper_tables.cell import Cell
from paper_tables.spec.paper import OTHERS
from paper_tables.spec.plan import Plan

_FIELDS = re.compile(r"{(\w+)}")
CONTROL, PLAIN = "control", "plain"
Cells = tuple[Cell, ...]


@dataclass(frozen=True)
class Place:
    """What a column of a table is measured on: a real data set, or all draws of a setting of synthetic data.

    base: the name of the card; datasets: one for each draw; values: what the setting varies, in the card's order;
    family: of which places tests are corrected together; planned: whether the scale runs it; headline: whether it is
    what is compared with the printed numbers; data: its entry under the paper's `data`.
    """

    base: str
    datasets: tuple[str, ...]
    values: Mapping[str, object] = field(default_factory=dict)
    family: str = "all data sets"
    planned: bool = True
    headline: bool = True
    data: Mapping = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What identifies it beside its data set: `feedback=linear;dim=16;reading=printed`."""
        return ";".join(f"{name}={_text(value)}" for name, value in self.values.items() if value != 0)

    def printed(self, template: str, **more: object) -> str:
        """How the printed tables identify it."""
        names = self.data.get("printed", {})
        values = {name: names.get(name, {}).get(value, _text(value)) for name, value in self.values.items()}
        return template.format_map({**dict.fromkeys(_FIELDS.findall(template), None), **values, **more})


@dataclass(frozen=True)
class Row:
    """choices: the cells of each draw, of one combination, or of several of which the best in validation is shown.
    against: what it is compared with, by the name of the comparison. value: of the setting that the row varies, with
    its name in `varies`; None where it varies none."""

    place: Place
    block: str
    choices: tuple[Cells, ...]
    planned: tuple[Cells, ...]
    against: Mapping[str, Cells] = field(default_factory=dict)
    varies: str = ""
    value: object = None

    @property
    def cell(self) -> Cell:
        return self.choices[0][0]

    @property
    def best(self) -> bool:
        """Whether the sampler is chosen in validation, and not named."""
        return len(self.choices) > 1


def places(plan: Plan, name: str) -> list[Place]:
    """All places of the paper's `data: <name>`, whatever the scale runs."""
    content = plan.paper.data[name]
    if "datasets" in content:
        return [Place(one, (one,), planned=one in plan.datasets, data=content) for one in shown_datasets(plan, content)]
    if "vary" not in content:
        base = content["card"]
        return [Place(base, (base,), family=base, planned=bool(plan.part.get(content["key"])), data=content)]
    ranges = {key: _values(plan, values) for key, values in content["vary"].items()}
    return [_drawn(plan, name, dict(zip(ranges, chosen, strict=True))) for chosen in product(*ranges.values())]


def shown_datasets(plan: Plan, content: Mapping) -> list[str]:
    """The paper's in its order, then others; only the others if none of the paper's is run (the demo)."""
    every = [of for of in plan.paper.data.values() if "datasets" in of]
    known = {dataset for of in every for dataset in of["datasets"]}
    others = [dataset for dataset in plan.datasets if dataset not in known]
    shown = len(others) < len(plan.datasets) or not (plan.datasets or plan.dose)
    return [*(content["datasets"] if shown else ()), *(others if content is every[0] else ())]


def _values(plan: Plan, values: object) -> Iterable:
    """Of a dimension: a list of the paper, of an open one what the scale takes, or values that stand there."""
    if isinstance(values, Mapping):
        return values["only"]
    if isinstance(values, str):
        return plan.lists[values] if values in plan.paper.open else plan.paper.lists[values]
    return values


def _drawn(plan: Plan, name: str, chosen: Mapping) -> Place:
    """A setting of synthetic data with the scale's draws. Where two settings are the same data, both read the cells of
    one of them."""
    content, base = plan.paper.data[name], plan.paper.data[name]["card"]
    ordered = {key: chosen[key] for key in card(base).variants if key in chosen}
    same = dict(content.get("same", {}))
    alike = {key: same.pop(key) for key in list(same)[:1]}
    merged = bool(alike) and all(chosen[key] == value for key, value in alike.items())
    planned = all(chosen[key] in _planned_values(plan, values) for key, values in content["vary"].items())
    named = {key: of for key, of in content["vary"].items() if isinstance(of, str)}
    headline = all(chosen[key] == plan.lists[of][0] for key, of in named.items() if of in plan.paper.open)
    family = content["family"].format(**chosen)
    if merged and same.keys() <= named.keys():
        family += "".join(f", {chosen[key]} {key}" for key in same)
    return Place(
        base,
        _datasets(base, tuple(plan.lists[content["draws"]]), tuple({**ordered, **(same if merged else {})}.items())),
        ordered,
        family,
        planned,
        headline,
        content,
    )


@cache
def _datasets(base: str, draws: tuple[int, ...], values: tuple) -> tuple[str, ...]:
    return tuple(variant_name(base, **dict(values), seed=seed) for seed in draws)


def _planned_values(plan: Plan, values: object) -> Iterable:
    if isinstance(values, Mapping):
        return [value for value in values["only"] if value in plan.lists[values["of"]]]
    return plan.lists[values] if isinstance(values, str) else values


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def rows(plan: Plan, target: str) -> Iterator[Row]:
    """The rows of a target, in the order of the table."""
    content = plan.paper.targets[target]
    patterns, named = plan.paper.rows[content["rows"]], content.get("data")
    for name in [named] if named else plan.paper.data:
        for place in places(plan, name):
            for pattern in patterns:
                yield from _pattern_rows(plan, place, pattern)


def _pattern_rows(plan: Plan, place: Place, pattern: Mapping) -> Iterator[Row]:
    block = pattern.get("block", "other methods" if pattern["anchor"] == OTHERS else pattern["anchor"])
    taken, treated = _taken(plan, pattern["anchor"]), "treatment" in pattern
    for anchor in _every(plan, pattern["anchor"]):
        plain, here = _cells(plan, place, anchor), place.planned and anchor in taken
        augmented = here and any(anchor in plan.augmented(one) for one in place.datasets)
        alone = pattern.get("alone", True)
        if alone is not False:
            run = augmented if alone == "treated" else here
            yield Row(place, "" if treated else block, (plain,), (plain,) if run else ())
        if treated:
            yield from _treated_rows(plan, place, pattern, anchor, augmented)


def _treated_rows(plan: Plan, place: Place, pattern: Mapping, anchor: str, run: bool) -> Iterator[Row]:
    plain = {PLAIN: _cells(plan, place, anchor)}
    samplers = _every(plan, pattern["sampler"]) if "sampler" in pattern else ("",)
    for treatment in _every(plan, pattern["treatment"]):
        here = run and treatment in _taken(plan, pattern["treatment"])
        if "vary" in pattern:
            vary = pattern["vary"]
            for value in _every(plan, vary["values"]):
                cells = tuple(varied(plan, cell, vary, value) for cell in _cells(plan, place, anchor, treatment))
                there = here and value in _taken(plan, vary["values"])
                yield Row(place, "", (cells,), (cells,) if there else (), plain, vary["setting"], value)
            continue
        chosen = {sampler: _cells(plan, place, anchor, treatment, sampler) for sampler in samplers}
        taken = _taken(plan, pattern["sampler"]) if "sampler" in pattern else ("",)
        if pattern.get("best"):
            planned = tuple(cells for sampler, cells in chosen.items() if here and sampler in taken)
            yield Row(place, "", tuple(chosen.values()), planned, plain)
            continue
        for sampler, cells in chosen.items():
            against = _against(plan, place, anchor, treatment, sampler)
            yield Row(place, "", (cells,), (cells,) if here and sampler in taken else (), against)


def _against(plan: Plan, place: Place, anchor: str, treatment: str, sampler: str) -> dict[str, Cells]:
    found = {}
    for name in plan.paper.against.get(treatment, (PLAIN,)):
        about = plan.paper.comparisons.get(name, {})
        if name == PLAIN:
            found[name] = _cells(plan, place, anchor)
        elif "treatment" in about:
            found[name] = _cells(plan, place, anchor, about["treatment"], sampler)
        else:
            found[name] = _cells(plan, place, anchor, treatment, sampler, about.get("variant", name))
    return found


def _cells(plan: Plan, place: Place, *parts: object) -> Cells:
    return tuple(_cell(plan.paper.name, plan.paper.split_of(dataset), *parts) for dataset in place.datasets)


_cell = cache(Cell)


def varied(plan: Plan, main: Cell, vary: Mapping, value: object) -> Cell:
    """A cell with another value of one setting: the main cell where that has this value, unless the scale sets another
    one or searches for it."""
    if value == vary.get("usual") == _main_value(plan, main, vary):
        return main
    short = vary["short"].format(vary.get("times", 1) * value)
    return Cell(*(main.paper, main.split, main.anchor, main.treatment, main.sampler), short, {vary["setting"]: value})


def _main_value(plan: Plan, main: Cell, vary: Mapping) -> object:
    """A main cell's setting as the scale's file sets it, the more particular section over the more general."""
    method, setting = treatment_method(main.treatment)[0], vary["setting"]
    if plan.searched and setting in recommenders.searched(method):
        return None
    value = vary["usual"]
    for section in (method, main.treatment, main.name):
        value = plan.settings.get(section, {}).get(setting, value)
    return value


def _every(plan: Plan, name: str) -> tuple:
    return other_methods(plan) if name == OTHERS else plan.paper.lists[name]


def _taken(plan: Plan, name: str) -> tuple:
    return other_methods(plan) if name == OTHERS else plan.lists[name]


def other_methods(plan: Plan) -> tuple[str, ...]:
    """What stands in the paper's main table besides its own methods and the controls."""
    printed = [anchor for name in ("baselines", "anchors") for anchor in plan.paper.lists.get(name, ())]
    families = recommenders.recommenders()
    own = [name for name in recommenders.own_methods() if families[name] in plan.paper.others]
    return recommenders.other_methods(plan.paper.name, own, tuple(plan.part.get(OTHERS, ())), printed)
