"""Pools: what a treatment generates once for all cells that differ only in what they take from it. No torch here.

The treatment's card says what generation looks at, and which settings change it; all others only choose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets.pipeline.errors import BadInput
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.settings import looked_at, pretrained, treatment_card, treatment_method, usual_settings
from workflow.scale import Scale


@dataclass(frozen=True)
class Pool:
    """`cell`: one that draws on it, whose settings generate it; up_to: of the settings that the card names so, the
    largest that any cell of the scale takes."""

    name: str
    cell: Cell
    up_to: Mapping[str, float]
    seeds: tuple[int, ...]

    @property
    def identifier(self) -> str:
        """`casr/lastfm.loo/stamp.casr-d`: also the folder below `results/<scale>/pools/`."""
        return f"{self.cell.paper}/{self.cell.split}/{self.name}"

    def folder(self, results: Path) -> Path:
        return Path(results, "pools", self.identifier)

    def file(self, results: Path) -> Path:
        """Says that the pool of every seed is there."""
        return self.folder(results) / "pool.json"


def drawn_with(cell: Cell) -> dict[str, Cell]:
    """The plain cells that generation looks at, by role."""
    return {role: pretrained(cell)[role] for role in looked_at(cell)}


def generates(cell: Cell) -> bool:
    """Whether the cell draws on a pool."""
    return bool(cell.treatment and treatment_card(cell).generation)


def is_tuned(scale: Scale, cell: Cell) -> bool:
    """Whether the search for the cell's settings tries several ways of generation."""
    searched = graph.grid(cell) if graph.tuning_file(scale, cell) else {}
    return not searched.keys().isdisjoint(treatment_card(cell).generation.get("settings", ()))


@cache
def pool_name(scale: Scale, cell: Cell) -> str:
    """`[<sampler>.]<treatment>[.<anchor>][.d-3]…`: the strategy, or the method where its strategies share a pool; the
    anchor where generation looks at it or is tuned for it; then what changes generation against the usual settings on
    this data."""
    about, tuned = treatment_card(cell).generation, is_tuned(scale, cell)
    here, usual = graph.planned_settings(scale, cell)["treatment"], usual_settings(scale, cell).values
    changed = [key for key in about["settings"] if (key in cell.settings if tuned else here[key] != usual[key])]
    parts = [
        cell.sampler if treatment_card(cell).second in looked_at(cell) else "",
        treatment_method(cell.treatment)[0] if about.get("shared") and not tuned else cell.treatment,
        cell.anchor if tuned or "anchor" in looked_at(cell) else "",
        *(f"{about.get('short', {}).get(key, key)}{_text(here[key])}" for key in changed),
    ]
    return ".".join(part for part in parts if part)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def pools(scale: Scale) -> dict[str, Pool]:
    """Every pool of the scale, by identifier."""
    found: dict[str, Pool] = {}
    for cell in graph.all_cells(scale).values():
        if not generates(cell):
            continue
        name = pool_name(scale, cell)
        key = f"{cell.paper}/{cell.split}/{name}"
        wanted, seeds = graph.planned_settings(scale, cell)["treatment"], set(graph.seeds_of(scale, cell))
        up_to = {name: wanted[name] for name in treatment_card(cell).generation.get("up_to", ())}
        if key in found:
            other = found[key]
            cell, up_to = other.cell, {name: max(value, other.up_to[name]) for name, value in up_to.items()}
            seeds |= set(other.seeds)
        found[key] = Pool(name, cell, up_to, tuple(sorted(seeds)))
    return found


def find_pool(scale: Scale, identifier: str) -> Pool:
    found = pools(scale).get(identifier)
    if found is None:
        raise BadInput(f"{scale.file}: no pool '{identifier}' at this scale; a pool is <paper>/<split>/<name>")
    return found


def pool_of(scale: Scale, cell: Cell) -> Pool | None:
    """None for a cell that draws on none."""
    return pools(scale)[f"{cell.paper}/{cell.split}/{pool_name(scale, cell)}"] if generates(cell) else None


def code_of_pool(pool: Pool) -> str:
    names = {*(other.anchor for other in drawn_with(pool.cell).values()), treatment_card(pool.cell).name}
    return graph.code(pool.cell, names, ("steps", "augment"))


def tuned_with(scale: Scale, pool: Pool) -> tuple[Cell, ...]:
    """The cells whose searches set something of the generation."""
    own = (pool.cell,) if is_tuned(scale, pool.cell) else ()
    return (*own, *drawn_with(pool.cell).values())


def generation(scale: Scale, pool: Pool, tuned: Mapping[str, Mapping] | None = None) -> dict[str, dict]:
    """The settings that a pool is drawn with, by role: of the treatment what changes generation, and those of each
    model that generation looks at."""
    settings = graph.all_settings(scale, pool.cell, tuned)
    card = treatment_card(pool.cell)
    # what only chooses stands as in the card, so that another kappa draws nothing again
    own = {name: settings["treatment"][name] for name in card.generation["settings"]}
    models = {role: settings[role] for role in looked_at(pool.cell)}
    return {"treatment": {**card.settings, **own, **pool.up_to}, **models}
