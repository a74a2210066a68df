"""A scale's part of a paper (`papers: <name>:` in config/<scale>.yaml), checked: what of it is run at that scale.

A scale names a part of each of the paper's lists; of a list that it does not name it takes all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datasets.pipeline.card import card
from datasets.pipeline.schema import Schema
from methods.cards import treatment_method
from paper_tables.cell import Cell
from paper_tables.scale_part import (
    SEEDS,
    by_dataset,
    inside,
    keys,
    known_dataset,
    part_of,
    seeds_of,
    setting_values,
    some_of,
)
from paper_tables.spec.dose import Dose, dose_schema, read_dose
from paper_tables.spec.paper import Paper, paper

TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
VALUES = {"type": "array", "uniqueItems": True}


@dataclass(frozen=True, eq=False)
class Plan:
    """part: as the scale has it. lists: what it takes of each list. datasets: what it runs of a paper whose columns are
    data sets, with the options of each; seeds: of training, on all others. settings: the scale's by section; searched:
    whether settings are tuned; dose: worlds whose truth is known.
    """

    paper: Paper
    file: str
    part: Mapping
    lists: Mapping[str, tuple]
    datasets: Mapping[str, Mapping]
    seeds: tuple[int, ...]
    settings: Mapping[str, Mapping]
    searched: bool
    dose: Dose | None

    def cell(self, dataset: str, anchor: str, treatment: str = "", sampler: str = "", *variant: object) -> Cell:
        """A cell on the paper's split of the data set."""
        return Cell(self.paper.name, self.paper.split_of(dataset), anchor, treatment, sampler, *variant)

    def draws_of(self, result: object) -> list[int]:
        """The number of each finished draw of a result."""
        [key] = {content["draws"] for content in self.paper.data.values() if "draws" in content}
        return [draw for draw, each in zip(self.lists[key], result.results, strict=True) if each.done]

    def seeds_on(self, dataset: str) -> tuple[int, ...]:
        return tuple(self.datasets.get(dataset, {}).get("seeds", self.seeds))

    def augmented(self, dataset: str) -> tuple[str, ...]:
        """The anchors whose treated cells are run on the data set."""
        return tuple(self.datasets.get(dataset, {}).get("augmented", self.lists.get("anchors", ())))

    @cached_property
    def orders(self) -> dict[str, tuple[str, ...]]:
        """Data set -> other orders of its items."""
        return {dataset: tuple(orders) for dataset, orders in self.part.get("orders", {}).items()}

    def figure(self, target: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """(data sets, x values) of a figure."""
        options = self.part.get("figures", {}).get(target, {})
        return tuple(options.get("datasets", ())), tuple(options.get(self.paper.targets[target]["values"], ()))


def read_plan(scale: Mapping, name: str) -> Plan:
    """Check the scale's part of the paper, and fill in the paper's own lists where it says nothing.

    Raises BadInput with the key that is unknown or malformed.
    """
    about = paper(name)
    file, part = part_of(scale, name, part_schema(about))
    part = part or {}
    lists = {key: tuple(part.get(key, values)) for key, values in {**about.lists, **about.open}.items()}
    for content in about.data.values():
        if "draws" in content:
            lists[content["draws"]] = tuple(part.get(content["draws"], ()))
    seeds = seeds_of(file, f"papers.{name}", scale, part)
    found = Plan(
        paper=about,
        file=file,
        part=part,
        lists=lists,
        datasets={dataset: options or {} for dataset, options in part.get("datasets", {}).items()},
        seeds=seeds,
        settings=scale.get("settings") or {},
        searched=bool(scale.get("tuning")),
        dose=read_dose(about, part.get("dose"), lists) if about.dose else None,
    )
    _check(found, scale)
    return found


def part_schema(about: Paper) -> Schema:
    """What a scale may say of the paper."""
    kinds = {target["kind"]: target for target in about.targets.values()}
    allowed = {name: some_of(values) for name, values in about.lists.items() if name not in about.fixed}
    allowed |= dict(others=TEXTS, seeds=SEEDS, targets=TEXTS)
    needed: list[list[str]] = []
    for content in about.data.values():
        if "datasets" in content:
            options = keys(seeds=SEEDS, augmented=some_of(about.lists.get("anchors", ())))
            allowed["datasets"] = by_dataset(options | {"type": ["object", "null"]}) | {"minProperties": 1}
        if "key" in content:
            allowed[content["key"]] = {"enum": [content["card"], ""]}  # nothing where it is not run
        if "draws" in content:
            variants = card(content["card"]).variants
            draws = variants["seed"].values()
            allowed[content["draws"]] = SEEDS | {
                "items": {"type": "integer", "minimum": min(draws), "maximum": max(draws)}
            }
            needed.append([content["draws"]])
            for dimension, values in content["vary"].items():
                if isinstance(values, str) and values in about.open:
                    allowed[values] = some_of(variants[dimension].values(), at_least=1)
    if "splits" in kinds:
        allowed |= {"orders": by_dataset(TEXTS), "twins": some_of(kinds["splits"]["twins"])}
    curves = {name: target for name, target in about.targets.items() if target["kind"] == "curves"}
    if curves:
        pair = {"type": "array", "items": {"enum": list(about.lists["anchors"])}, "minItems": 2, "maxItems": 2}
        figures = {name: keys(datasets=TEXTS, **{target["values"]: VALUES}) for name, target in curves.items()}
        allowed |= {"figures": keys(**figures), "combinations": by_dataset(pair)}
    allowed |= {target["dataset"]: {"type": "string"} for target in about.targets.values() if "dataset" in target}
    if about.dose:
        allowed["dose"] = dose_schema(about)
    found = keys(**allowed) | {"type": ["object", "null"]}
    return found | ({"required": needed[0]} if needed else {})


def _check(plan: Plan, scale: Mapping) -> None:
    """What no schema says: data sets that exist, and values that settings may have."""
    file, part, here = plan.file, plan.part, f"papers.{plan.paper.name}"
    for dataset, options in plan.datasets.items():
        known_dataset(file, f"{here}.datasets", dataset)
        seeds_of(file, f"{here}.datasets.{dataset}", scale, options, part)
        inside(file, f"{here}.datasets.{dataset}.augmented", options.get("augmented", ()), plan.lists["anchors"])
    for key in ("orders", "combinations"):
        inside(file, f"{here}.{key}", part.get(key, ()), plan.datasets)
    for dataset, orders in plan.orders.items():
        inside(file, f"{here}.orders.{dataset}", orders, card(dataset).orders)
    for name, target in plan.paper.targets.items():
        if target["kind"] == "curves":
            datasets, values = plan.figure(name)
            inside(file, f"{here}.figures.{name}.datasets", datasets, plan.datasets)
            if values and plan.lists["strategies"]:
                method, _ = treatment_method(plan.lists["strategies"][0])
                setting_values(file, f"{here}.figures.{name}.{target['values']}", method, target["setting"], values)
        if part.get(target.get("dataset")):
            inside(file, f"{here}.{target['dataset']}", [part[target["dataset"]]], plan.datasets)
