"""Which cells and pools a cell needs, and which files follow. All is known before anything runs; no torch here.

A treated cell needs the plain cells of its anchor and its sampler on the same split: they are pretrained there, seed
by seed. What its sampler generates is a pool, drawn once for all cells that differ only in what they take from it.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from datasets.pipeline.errors import BadInput
from paper_tables.cell import Cell
from workflow.cells.provenance import code_digest, digest
from workflow.cells.settings import (
    known_cards,
    recommender_settings,
    strategy_settings,
    treatment_method,
    treatment_settings,
)
from workflow.scale import Scale

# Settings of a treatment that choose among what was generated; a pool holds the largest share and the most rounds that
# are wanted. All others change what is generated, and stand in a pool's name, some by a short one.
CHOOSING = ("share", "rounds", "kappa", "retrain", "retrain_epochs", "retrain_patience", "retrain_learning_rate")
SHORT = {"index": "d"}
ANCHOR_IN_POOL = ("casr-m",)  # strategies whose generation looks at the anchor
CONTROL = "control"  # the variant with random extra sequences, as many as the treated cell has
TRAINING_FILES = ("train.csv", "validation.csv", "items.csv", "split.json")


@dataclass(frozen=True)
class Pool:
    """Sequences of one sampler before any selection. `cell`: one that draws on it, whose settings generate it;
    share, rounds: the largest that any cell of the scale takes."""

    name: str
    cell: Cell
    share: float
    rounds: int
    seeds: tuple[int, ...]

    def folder(self, results: Path) -> Path:
        return Path(results) / "pools" / self.cell.split / self.name


@cache
def all_cells(scale: Scale) -> dict[str, Cell]:
    """Every cell of every paper of the scale, and the plain cells that they build on, by identifier."""
    found = {}
    for paper in scale.content.get("papers") or {}:
        for cell in (cell for target in specification(paper).TARGETS for cell in target_cells(scale, paper, target)):
            # a figure may name no plain cell, and a control no treated one
            found |= {each.identifier: each for each in (*prerequisites(cell), cell)}
    return found


@cache
def target_cells(scale: Scale, paper: str, target: str) -> list[Cell]:
    """The cells that one table or figure of a paper reads."""
    return specification(paper).target_cells(target, scale.content)


def specification(paper: str):
    """The module that says which cells a paper has."""
    try:
        return importlib.import_module(f"paper_tables.{paper}.specification")
    except ModuleNotFoundError as error:
        if error.name != f"paper_tables.{paper}":
            raise
        raise BadInput(f"no paper '{paper}': the folder paper_tables/{paper} does not exist") from None


def find_cell(scale: Scale, identifier: str) -> Cell:
    cell = all_cells(scale).get(identifier)
    if cell is None:
        raise BadInput(f"{scale.file}: no cell '{identifier}' at this scale; a cell is <paper>/<split>/<name>")
    return cell


def seeds_of(scale: Scale, cell: Cell) -> tuple[int, ...]:
    return tuple(specification(cell.paper).seeds_of(scale.content, cell))


def pretrained(cell: Cell) -> tuple[Cell, ...]:
    """The plain cells whose weights a treated cell starts from: its anchor's and its sampler's."""
    return _plain(cell, cell.anchor, cell.sampler) if cell.treatment else ()


def about(scale: Scale, cell: Cell) -> dict:
    """The cell as its result names it."""
    names = ("paper", "split", "anchor", "treatment", "sampler", "variant", "name")
    return {**{name: getattr(cell, name) for name in names}, "seeds": list(seeds_of(scale, cell))}


def _plain(cell: Cell, *names: str) -> tuple[Cell, ...]:
    return tuple(Cell(cell.paper, cell.split, name) for name in dict.fromkeys(names))


def prerequisites(cell: Cell) -> tuple[Cell, ...]:
    """All cells that must be finished first. A control trains as many epochs as the cell that it controls."""
    return (*pretrained(cell), *([main_cell(cell)] if cell.variant == CONTROL else []))


def code_of(cell: Cell, searched: bool = False) -> str:
    """A checksum of the code that makes the cell (or searches its settings), that of the cells that it builds on
    included."""
    steps = ("steps", "seeds", *(("augment", "truth") if cell.treatment else ()), *(("trials",) if searched else ()))
    treatment = {treatment_method(cell.treatment)[0]} if cell.treatment else set()
    return _code({cell.anchor, *([cell.sampler] if cell.sampler else ()), *treatment}, steps)


def code_of_pool(pool: Pool) -> str:
    names = {*(other.anchor for other in drawn_with(pool.cell)), treatment_method(pool.cell.treatment)[0]}
    return _code(names, ("steps", "augment"))


def _code(methods: set[str], steps: tuple[str, ...]) -> str:
    """Of the methods' code, and of what selects their weights: whether seen items count is said in the card alone."""
    cards = [known_cards()[name] for name in sorted(methods)]
    selection = {card.name: card.exclude_seen for card in cards}
    return digest([code_digest(tuple(card.folder for card in cards), steps), selection])


def is_external(cell: Cell) -> bool:
    return not cell.treatment and known_cards()[cell.anchor].kind == "external"


def keeps_weights(cell: Cell) -> bool:
    """Whether others may build on the cell."""
    return not cell.treatment and known_cards()[cell.anchor].family == "sequential"


def main_cell(cell: Cell) -> Cell:
    """The cell without its variant: what is tuned, once for all its variants."""
    return replace(cell, variant="", settings={})


def grid(cell: Cell) -> dict[str, tuple]:
    """What is searched for the cell: of a treatment only the settings that its strategy uses, where its card says."""
    if not cell.treatment:
        return dict(known_cards()[cell.anchor].search)
    method, strategy = treatment_method(cell.treatment)
    card = known_cards()[method]
    used = card.strategies.get(strategy, {}).get("search", list(card.search))
    return {key: card.search[key] for key in used}


def tuning_file(scale: Scale, cell: Cell) -> Path | None:
    """Where the cell's tuned settings are written; None where nothing is searched."""
    if scale.tuning is None or is_external(cell) or not grid(cell):
        return None
    return scale.results / "tuning" / cell.split / f"{main_cell(cell).name}.json"


def searched_cell(scale: Scale, split: str, name: str) -> Cell:
    """The cell that is tuned under this name; papers that share a cell share its tuning."""
    for cell in all_cells(scale).values():
        if cell.split == split and main_cell(cell).name == name:
            return main_cell(cell)
    raise BadInput(f"{scale.file}: no cell '{name}' on {split} at this scale")


def pool_name(scale: Scale, cell: Cell) -> str:
    """`<sampler>.casr-d[.<anchor>][.d-3]…`: the anchor where generation looks at it or is tuned for it, then what
    changes generation against the strategy's settings on this data."""
    here, usual = treatment_settings(scale, cell).values, strategy_settings(scale, cell).values
    if tuning_file(scale, cell) is None:
        changed = [key for key in here if here[key] != usual[key]]
        anchor = cell.anchor if cell.treatment in ANCHOR_IN_POOL else ""
    else:
        changed, anchor = [key for key in here if key in cell.settings], cell.anchor
    parts = [f"{SHORT.get(key, key)}{_text(here[key])}" for key in changed if key not in CHOOSING]
    return ".".join([cell.sampler, cell.treatment, *([anchor] if anchor else []), *parts])


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def pools(scale: Scale) -> dict[tuple[str, str], Pool]:
    """Every pool of the scale, by split and name."""
    found: dict[tuple[str, str], Pool] = {}
    for cell in all_cells(scale).values():
        if not cell.treatment:
            continue
        key = cell.split, pool_name(scale, cell)
        wanted, seeds = treatment_settings(scale, cell).values, set(seeds_of(scale, cell))
        share, rounds = wanted["share"], wanted["rounds"]
        if key in found:
            other = found[key]
            cell, share, rounds = other.cell, max(share, other.share), max(rounds, other.rounds)
            seeds |= set(other.seeds)
        found[key] = Pool(key[1], cell, share, rounds, tuple(sorted(seeds)))
    return found


def pool_of(scale: Scale, cell: Cell) -> Pool:
    return pools(scale)[cell.split, pool_name(scale, cell)]


def result_file(scale: Scale, cell: Cell) -> Path:
    return cell.folder(scale.results) / "result.json"


def split_files(scale: Scale, split: str, test: bool) -> list[Path]:
    names = (*TRAINING_FILES, *(["test.csv"] if test else []))
    return [scale.results / "splits" / split / name for name in names]


def cell_inputs(scale: Scale, cell: Cell) -> dict[str, list[Path]]:
    """The files a cell's job reads, named, as a Snakemake rule wants them."""
    return {
        "split": split_files(scale, cell.split, test=True),
        "built_on": [result_file(scale, other) for other in prerequisites(cell)],
        "pool": [pool_of(scale, cell).folder(scale.results) / "pool.json"] if cell.treatment else [],
        "tuning": tuning_files(scale, cell),
    }


def pool_inputs(scale: Scale, pool: Pool) -> dict[str, list[Path]]:
    """The files a pool's job reads. No held-out test item is among them."""
    return {
        "split": split_files(scale, pool.cell.split, test=False),
        "built_on": [result_file(scale, other) for other in drawn_with(pool.cell)],
        "tuning": tuning_files(scale, pool.cell),
    }


def tuning_inputs(scale: Scale, cell: Cell) -> dict[str, list[Path]]:
    """The files that a search reads. No held-out test item is among them."""
    return {
        "split": split_files(scale, cell.split, test=False),
        "built_on": [result_file(scale, other) for other in pretrained(cell)],
        "tuning": [file for other in pretrained(cell) if (file := tuning_file(scale, other))],
    }


def drawn_with(cell: Cell) -> tuple[Cell, ...]:
    """The plain cells that a pool's generation looks at: the sampler's, and the anchor's for some strategies."""
    return _plain(cell, cell.sampler, *([cell.anchor] if cell.treatment in ANCHOR_IN_POOL else []))


def tuning_files(scale: Scale, cell: Cell) -> list[Path]:
    files = [tuning_file(scale, other) for other in (cell, *pretrained(cell))]
    return [file for file in files if file]


def all_settings(scale: Scale, cell: Cell, tuned: Mapping[str, Mapping] | None = None) -> dict[str, dict]:
    """All settings of a cell: its anchor's, its treatment's, its sampler's. `tuned`: identifier of a main cell -> what
    was chosen for it."""
    tuned = tuned or {}
    own = tuned.get(main_cell(cell).identifier, {})
    if not cell.treatment:
        return {"anchor": recommender_settings(scale, cell, own).values}
    anchor, sampler = (Cell(cell.paper, cell.split, name) for name in (cell.anchor, cell.sampler))
    return {
        "anchor": recommender_settings(scale, cell, {**tuned.get(anchor.identifier, {}), **own}).values,
        "treatment": treatment_settings(scale, cell, own).values,
        "sampler": recommender_settings(scale, sampler, tuned.get(sampler.identifier)).values,
    }


def cell_digest(scale: Scale, cell: Cell) -> str:
    """Changes when the cell has to be run again: code, settings or seeds."""
    return digest([code_of(cell), all_settings(scale, cell), seeds_of(scale, cell)])


def pool_digest(scale: Scale, pool: Pool) -> str:
    """Changes when the pool has to be drawn again."""
    return digest([code_of_pool(pool), generation(scale, pool), pool.seeds])


def generation(scale: Scale, pool: Pool, tuned: Mapping[str, Mapping] | None = None) -> dict[str, dict]:
    """The settings that a pool is drawn with: of the treatment what changes generation, up to the pool's share and
    rounds, and those of each model that generation looks at, by its name."""
    settings = all_settings(scale, pool.cell, tuned)
    usual = known_cards()[treatment_method(pool.cell.treatment)[0]].settings
    # what only chooses stands as in the card, so that another kappa draws nothing again
    treatment = {name: usual[name] if name in CHOOSING else value for name, value in settings["treatment"].items()}
    models = {other.anchor: other.anchor == pool.cell.sampler for other in drawn_with(pool.cell)}
    return {
        "treatment": {**treatment, "share": pool.share, "rounds": pool.rounds},
        **{name: settings["sampler" if is_sampler else "anchor"] for name, is_sampler in models.items()},
    }


def tuning_digest(scale: Scale, cell: Cell) -> str:
    return digest([code_of(cell, searched=True), all_settings(scale, main_cell(cell)), grid(cell), vars(scale.tuning)])
