"""Which cells a scale has, what each builds on, and what it is run with. All is known before anything runs; no torch.

A treated cell needs the plain cells of its anchor and its sampler on the same split: they are pretrained there, seed
by seed. What its treatment generates is a pool (pools.py).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.code import closure
from datasets.pipeline.errors import BadInput
from paper_tables.cell import Cell
from paper_tables.spec.specification import specification
from workflow.cells.provenance import code_digest, digest
from workflow.cells.settings import (
    known_cards,
    pretrained,
    recommender_settings,
    treatment_card,
    treatment_method,
    treatment_settings,
)
from workflow.scale import Scale

CONTROL = "control"  # the variant with random extra data, as much as the treated cell has


@cache
def all_cells(scale: Scale) -> dict[str, Cell]:
    """Every cell of every paper of the scale, and the plain cells that they build on, by identifier."""
    found = {}
    for paper in scale.content.get("papers") or {}:
        for cell in (cell for target in specification(paper).TARGETS for cell in target_cells(scale, paper, target)):
            # a figure may name no plain cell, and a control no treated one
            if cell.identifier not in found:
                found |= {each.identifier: each for each in (*prerequisites(cell), cell)}
    return found


@cache
def target_cells(scale: Scale, paper: str, target: str) -> list[Cell]:
    """The cells that one table or figure of a paper reads."""
    return specification(paper).target_cells(target, scale.content)


def find_cell(scale: Scale, identifier: str) -> Cell:
    cell = all_cells(scale).get(identifier)
    if cell is None:
        raise BadInput(f"{scale.file}: no cell '{identifier}' at this scale; a cell is <paper>/<split>/<name>")
    return cell


def selection(cell: Cell) -> str:
    """The metric on validation data that ends a training and chooses settings, e.g. ndcg@5: the paper's."""
    return specification(cell.paper).SELECTION


def seeds_of(scale: Scale, cell: Cell) -> tuple[int, ...]:
    """The same for all cells on a data set: they build on each other seed by seed."""
    return _seeds_of(scale, cell.paper, cell.dataset)


@cache
def _seeds_of(scale: Scale, paper: str, dataset: str) -> tuple[int, ...]:
    return tuple(specification(paper).seeds_of(scale.content, dataset))


def about(scale: Scale, cell: Cell) -> dict:
    """The cell as its result names it."""
    names = ("paper", "split", "anchor", "treatment", "sampler", "variant", "name")
    return {**{name: getattr(cell, name) for name in names}, "seeds": list(seeds_of(scale, cell))}


def prerequisites(cell: Cell) -> tuple[Cell, ...]:
    """All cells that must be finished first. A control follows the cell that it controls."""
    return (*pretrained_cells(cell), *([main_cell(cell)] if is_control(cell) else []))


def pretrained_cells(cell: Cell) -> tuple[Cell, ...]:
    """The plain cells whose weights a treated cell builds on, each once."""
    return tuple(dict.fromkeys(pretrained(cell).values()))


def is_control(cell: Cell) -> bool:
    """Whether the cell is told how the cell without its variant went: as long a training, or what its card says."""
    return bool(cell.treatment) and cell.variant in (CONTROL, *treatment_card(cell).controls)


def code_of(cell: Cell, searched: bool = False) -> str:
    """A checksum of the code that makes the cell (or searches its settings), that of the cells that it builds on
    included."""
    steps = ("steps", "seeds", *(("augment", "truth") if cell.treatment else ()), *(("trials",) if searched else ()))
    treatment = {treatment_card(cell).name} if cell.treatment else set()
    if is_agent(cell):
        return digest([code(cell, {cell.anchor}, ("worlds", "seeds")), world_digest(cell.dataset)])
    return code(cell, {cell.anchor, *([cell.sampler] if cell.sampler else ()), *treatment}, steps)


def code(cell: Cell, methods: set[str], steps: tuple[str, ...]) -> str:
    """Of the methods' code, what their cards say of how they are trained, and the paper's metric that selects."""
    cards = [known_cards()[name] for name in sorted(methods)]
    said = {card.name: card.training_facts for card in cards}
    return digest([code_digest(tuple(card.folder for card in cards), steps), selection(cell), said])


def is_external(cell: Cell) -> bool:
    return not cell.treatment and known_cards()[cell.anchor].kind == "external"


def is_agent(cell: Cell) -> bool:
    return known_cards()[cell.anchor].kind == "agent"


def world_digest(dataset: str) -> str:
    """A checksum of what makes a world: its card's values, its code, and what that imports."""
    about = card(dataset)
    if not (about.folder / "environment.py").is_file():
        raise BadInput(f"{about.file}: {dataset} is no world for an agent: there is no environment.py beside the card")
    files = sorted(closure(about.folder.glob("*.py")))
    return digest([dict(about.variant), *(file.read_text(encoding="utf-8") for file in files)])


def keeps_weights(cell: Cell) -> bool:
    """Whether others may build on the cell: a treatment retrains what was trained."""
    about = known_cards()[cell.anchor]
    return not cell.treatment and about.kind in ("recommender", "agent") and about.family != "control"


def main_cell(cell: Cell) -> Cell:
    """The cell without its variant: what is tuned is the same for all its variants."""
    return Cell(cell.paper, cell.split, cell.anchor, cell.treatment, cell.sampler)


def grid(cell: Cell) -> dict[str, tuple]:
    """What is searched for the cell: of a treatment only the settings that its strategy uses, where its card says."""
    if not cell.treatment:
        return dict(known_cards()[cell.anchor].search)
    about, strategy = treatment_card(cell), treatment_method(cell.treatment)[1]
    used = about.strategies.get(strategy, {}).get("search", list(about.search))
    return {key: about.search[key] for key in used}


@cache
def tuning_file(scale: Scale, cell: Cell) -> Path | None:
    """Where the cell's tuned settings are written; None where nothing is searched."""
    if scale.tuning is None or is_external(cell) or is_agent(cell) or not grid(cell):
        return None
    of = tuned_for(scale, cell)
    return Path(scale.results, "tuning", f"{of.identifier}.json")


def tuned_for(scale: Scale, cell: Cell) -> Cell:
    """The cell whose search gives this one its settings: without its variant, on the split that the paper names."""
    split = _searched_on(scale, cell.paper, cell.split)
    return Cell(cell.paper, split, cell.anchor, cell.treatment, cell.sampler)


@cache
def _searched_on(scale: Scale, paper: str, split: str) -> str:
    return specification(paper).searched_on(scale.content, split)


def searched_cell(scale: Scale, identifier: str) -> Cell:
    """The cell that is tuned under this name: one of a paper's own, for each paper selects by its own metric."""
    found = _searched_cells(scale).get(identifier)
    if found is None:
        raise BadInput(f"{scale.file}: no search for '{identifier}' at this scale; it is <paper>/<split>/<name>")
    return found


@cache
def _searched_cells(scale: Scale) -> dict[str, Cell]:
    return {of.identifier: of for of in (tuned_for(scale, cell) for cell in all_cells(scale).values())}


@cache
def result_file(scale: Scale, cell: Cell) -> Path:
    return cell.folder(scale.results) / "result.json"


@cache
def planned_settings(scale: Scale, cell: Cell) -> dict[str, dict]:
    """All settings of a cell before any search for it: the same for whoever plans with them."""
    return all_settings(scale, cell)


def all_settings(scale: Scale, cell: Cell, tuned: Mapping[str, Mapping] | None = None) -> dict[str, dict]:
    """All settings of a cell, by role: its anchor's, its treatment's, its second model's. `tuned`: identifier of a main
    cell -> what was chosen for it."""
    tuned = tuned or {}
    own = tuned.get(main_cell(cell).identifier, {})
    if not cell.treatment:
        return {"anchor": recommender_settings(scale, cell, own).values}
    treatment = treatment_settings(scale, cell, own).values
    plain = replace(main_cell(cell), treatment="", sampler="")
    of_anchor = {key: value for key, value in own.items() if key not in treatment}
    settings = {
        "anchor": recommender_settings(scale, cell, {**tuned.get(plain.identifier, {}), **of_anchor}).values,
        "treatment": treatment,
    }
    if cell.sampler:
        second = replace(plain, anchor=cell.sampler)
        role = treatment_card(cell).second
        settings[role] = recommender_settings(scale, second, tuned.get(second.identifier)).values
    return settings
