"""What a cell is run with, and where each value was set.

Layers, each over the one before: the method's card; `settings` of the paper's file; the scale's `settings`; the data
set's file `config/settings/<scale>/<dataset>.yaml`; the result of tuning; what the cell itself changes. The paper, the
scale and the data set's file have sections, the more particular over the more general:

    all                  every recommender that has the setting
    narm                 one method (or casr: a treatment, all its strategies)
    casr-d               one strategy
    narm.casr-d.stamp    one anchor with one strategy and one sampler; also its figures' variants and its control
    gmf.cpr-l            the same where a treatment takes no sampler

A setting that both anchor and treatment have is the treatment's in such a combination, and in a cell of its own.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import unknown
from methods.cards import Card, cards, load_card, treatment_method
from paper_tables.cell import Cell
from paper_tables.spec.paper import paper
from workflow.scale import Scale, read_yaml


@dataclass(frozen=True)
class Settings:
    """values: setting -> value; origins: setting -> the file and section, or the layer, that set it."""

    values: dict
    origins: dict


def recommender_settings(scale: Scale, cell: Cell, tuned: Mapping | None = None) -> Settings:
    """Settings of the cell's anchor. A treated cell retrains it with the settings that it was pretrained with, unless
    the cell's own section or the cell itself says otherwise."""
    card = _card(cell.anchor)
    if not cell.treatment:
        return _resolve(scale, cell, card, ("all", cell.anchor), tuned)
    others = treatment_card(cell).settings
    return _resolve(scale, cell, card, ("all", cell.anchor, combination(cell)), tuned, others, yields=True)


def treatment_settings(scale: Scale, cell: Cell, tuned: Mapping | None = None) -> Settings:
    """Settings of the cell's treatment, e.g. of CASR's strategy D with this anchor and sampler."""
    method, card = treatment_method(cell.treatment)[0], treatment_card(cell)
    others = _card(cell.anchor).settings
    return _resolve(scale, cell, card, _sections(method, cell.treatment, combination(cell)), tuned, others)


def usual_settings(scale: Scale, cell: Cell) -> Settings:
    """What the cell's treatment is run with on this data where neither the combination nor the cell says otherwise, nor
    the strategy where all strategies share a pool."""
    method, card = treatment_method(cell.treatment)[0], treatment_card(cell)
    sections = (method,) if card.generation.get("shared") else _sections(method, cell.treatment)
    return _resolve(scale, replace(cell, settings={}), card, sections, None)


def _sections(*names: str) -> tuple[str, ...]:
    """Each once: a method that is one strategy has one section for both."""
    return tuple(dict.fromkeys(names))


def treatment_card(cell: Cell) -> Card:
    """That of the cell's treatment, whose strategy it has."""
    method, strategy = treatment_method(cell.treatment)
    card = _card(method)
    if card.kind != "treatment":
        raise BadInput(f"cell {cell.identifier}: method '{method}' is no treatment, but a {card.kind}")
    if strategy not in (card.strategies or [""]):
        has = f"its strategies: {', '.join(card.strategies)}" if card.strategies else "it has none"
        raise BadInput(f"cell {cell.identifier}: method '{method}' has no strategy '{strategy}'; {has}")
    return card


def looked_at(cell: Cell) -> tuple[str, ...]:
    """The roles of the pretrained models that the cell's treatment looks at."""
    return treatment_card(cell).looked_at(treatment_method(cell.treatment)[1])


def pretrained(cell: Cell) -> dict[str, Cell]:
    """The plain cells whose weights a treated cell builds on, by role: its anchor, and where it names one (`sampler`,
    whatever its role is) the second."""
    if not cell.treatment:
        return {}
    names = {"anchor": cell.anchor, **({treatment_card(cell).second: cell.sampler} if cell.sampler else {})}
    return {role: Cell(cell.paper, cell.split, name) for role, name in names.items()}


def combination(cell: Cell) -> str:
    """The cell's name without its variant: what is tuned together."""
    return ".".join(part for part in (cell.anchor, cell.treatment, cell.sampler) if part)


SECTIONS = "a section is all, a method, a strategy, or anchor.strategy.sampler (without a sampler: anchor.strategy)"
known_cards = cache(cards)  # read once a process
_card = cache(load_card)


@cache
def check_sections(scale: Scale, of: str, dataset: str) -> None:
    """Refuse sections, settings and values that no method knows, in the files of paper, scale and data set."""
    known = known_cards()
    recommenders = [card for card in known.values() if card.kind != "treatment"]
    for where, sections in _files(scale, of, dataset):
        if not isinstance(sections, Mapping):
            raise BadInput(f"{where}: expected sections of settings, got {sections!r}")
        for section, content in sections.items():
            meant = _section_cards(where, section, known, recommenders)
            if not isinstance(content, Mapping):
                raise BadInput(f"{where}.{section}: expected keys with values, got {content!r}")
            for key, value in content.items():
                faults = [card.fault(key, value) for card in meant if key in card.settings]
                if not faults:
                    settings = sorted({setting for card in meant for setting in card.settings})
                    raise BadInput(f"{where}.{section}: {unknown('setting', key, settings)}")
                if all(faults):  # which of several methods a value is for, is known where a cell takes it
                    raise BadInput(f"{where}.{section}.{faults[0]}")


def _section_cards(where: str, section: str, known: Mapping[str, Card], recommenders: list[Card]) -> list[Card]:
    """The cards whose settings a section may hold."""
    if section == "all":
        return recommenders
    found = []
    for part in str(section).split("."):
        method, strategy = treatment_method(part)
        if part in known:
            found.append(known[part])
        elif method in known and strategy in known[method].strategies:
            found.append(known[method])
        else:
            raise BadInput(f"{where}: {unknown('section', section, ['all', *known])}; {SECTIONS}")
    if len(found) > 1 and (found[1].kind != "treatment" or len(found) != 2 + found[1].takes_second):
        raise BadInput(f"{where}: unknown section '{section}'; {SECTIONS}")
    # a second model stands in a combination's name, but is trained as the plain cell that bears its own name
    return found[:2]


def _resolve(
    scale: Scale,
    cell: Cell,
    card: Card,
    sections: tuple[str, ...],
    tuned: Mapping | None,
    elsewhere: Mapping | None = None,
    yields: bool = False,
) -> Settings:
    """elsewhere: settings of the cell's other method, which a combination's section, its tuning and its cell may hold
    beside the ones of `card`; yields: where both have a setting, the section and the cell mean the other's."""
    check_sections(scale, cell.paper, cell.dataset)
    values, elsewhere = dict(card.settings), elsewhere or {}
    origins = dict.fromkeys(values, f"methods/{card.name}/card.yaml")
    own = combination(cell) if cell.treatment else ""
    layers = [
        (f"{where}.{section}", content.get(section) or {}, section == own)
        for where, content in _files(scale, cell.paper, cell.dataset)
        for section in sections
    ]
    layers += [("tuning", tuned or {}, False), (f"cell {cell.name}", cell.settings, bool(own))]
    for where, layer, of_both in layers:
        for key, value in layer.items():
            if key in values and not (yields and of_both and key in elsewhere):
                if said := card.fault(key, value):
                    raise BadInput(f"{where}.{said}")
                values[key], origins[key] = value, where
            elif key not in elsewhere and not where.endswith(".all"):
                raise BadInput(f"{where}: {unknown('setting', key, sorted({*values, *elsewhere}))}")
    _check_together(card, values, origins)
    return Settings(values, origins)


def _check_together(card: Card, values: Mapping, origins: Mapping) -> None:
    """Refuse values that do not go together, by the `check` of the method's settings.py, where it has one."""
    check = _check_of(card.folder)
    if check is not None:
        try:
            check(values)
        except BadInput as error:
            set_in = sorted({*origins.values()})
            raise BadInput(f"settings of {card.name}, set in {' and '.join(set_in)}: {error}") from error


@cache
def _check_of(folder: Path) -> Callable[[Mapping], None] | None:
    """A method that brings none is as good as one that has nothing to say. No torch in settings.py."""
    if not (folder / "settings.py").is_file():
        return None
    return importlib.import_module(f"methods.{folder.name}.settings").check


@cache
def _files(scale: Scale, of: str, dataset: str) -> tuple[tuple[str, Mapping], ...]:
    """Where settings are set for a paper and a data set, and the sections there."""
    file, about = scale.settings_file(dataset), paper(of)
    return (
        *([(f"paper_tables/papers/{of}/paper.yaml, settings", about.settings)] if about.settings else []),
        (f"{scale.file}, settings", scale.settings),
        *([(str(file), read_yaml(file))] if file.is_file() else []),
    )
