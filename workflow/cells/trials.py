"""The value of one trial of a search: the paper's metric on validation data, and nothing of the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from methods.evaluation.selection import Selection
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.augment import generate, own_seed, task, treatment_module
from workflow.cells.files import as_made, built_on, pool_seed_file
from workflow.cells.pools import generates, is_tuned, pool_of
from workflow.cells.seeds import say
from workflow.cells.settings import treatment_card
from workflow.cells.steps import TrainingData, headline_of, train
from workflow.scale import Scale


@dataclass(frozen=True)
class Search:
    """What all trials of a cell share. pools: by the settings that they were generated with; trials that differ only in
    what they take from a pool draw it once."""

    scale: Scale
    cell: Cell
    data: TrainingData
    seed: int
    device: torch.device
    pools: dict = field(default_factory=dict)

    @property
    def selection(self) -> str:
        return graph.selection(self.cell)


def validation_value(search: Search, settings: Mapping[str, Mapping]) -> float:
    """settings: by role (anchor, treatment, sampler)."""
    if not search.cell.treatment:
        own, seed = settings["anchor"], own_seed(search.cell, search.seed)
        trained = train(search.cell.anchor, search.data, own, seed, search.device, search.selection, say)
        return trained.fitted.best
    pool = _pool(search, settings)
    work = task(
        search.scale, search.cell, pool, search.data, settings, search.seed, search.device, search.selection, say
    )
    done = treatment_module(search.cell).retrain(work)
    if done is not None:
        return done.fitted.best
    anchor = graph.pretrained_cells(search.cell)[0]
    plain = built_on(anchor.folder(search.scale.results), search.seed, anchor.name)
    return Selection.of(search.selection).best_of_seed(plain, headline_of(anchor.anchor))


def _pool(search: Search, settings: Mapping[str, Mapping]) -> object:
    """Drawn here where its generation is searched, else the one that all cells share; None where there is none."""
    scale, cell, seed = search.scale, search.cell, search.seed
    if not generates(cell):
        return None
    about = treatment_card(cell).generation
    varied = (*about["settings"], *about.get("up_to", ()))
    key = tuple((name, settings["treatment"][name]) for name in varied)
    if key not in search.pools:
        search.pools.clear()  # the trials' order is random: one pool in memory is enough to ask of a machine
        if is_tuned(scale, cell):
            search.pools[key] = generate(scale, cell, search.data.split, settings, seed, search.device, say)
        else:
            folder = pool_of(scale, cell).folder(scale.results)
            built_on(folder, seed, "the pool")
            search.pools[key] = treatment_module(cell).load(as_made(pool_seed_file(folder, seed)))
    return search.pools[key]
