"""From cells and files to what a treatment works on (methods/engine/treatment.py)."""

import importlib
from collections.abc import Mapping
from functools import partial
from types import ModuleType

import torch

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Split, load_lists, load_targets
from methods.engine.treatment import Oracle, Say, Source, Task, derived_seed
from paper_tables.cell import Cell
from workflow.cells.files import as_made, weights_file
from workflow.cells.pools import drawn_with
from workflow.cells.settings import combination, pretrained, treatment_card, treatment_method
from workflow.cells.steps import TrainingData, load_weights, method_module, run_of
from workflow.cells.truth import known_truth
from workflow.scale import Scale


def own_seed(cell: Cell, seed: int) -> int:
    """What a cell's random numbers come from. Every split has its own, so that draws of a data set do not begin with
    the same vectors; the variants of a combination share theirs, so that the points of a curve differ by what they vary
    and not by luck."""
    return derived_seed(seed, cell.split, combination(cell))


OF_A_POOL = {"generate", "save", "load", "counts"}  # functions of a treatment whose card has the key generation


def treatment_module(cell: Cell) -> ModuleType:
    """The module of the cell's treatment, which has what its card asks for, and no more."""
    card = treatment_card(cell)
    module = importlib.import_module(f"methods.{card.folder.name}.treatment")
    wanted = {"retrain", *(OF_A_POOL if card.generation else ())}
    if missing := sorted(name for name in wanted if not hasattr(module, name)):
        raise BadInput(f"{module.__file__}: no function {', '.join(missing)}")
    if idle := sorted(name for name in OF_A_POOL - wanted if hasattr(module, name)):
        raise BadInput(f"{module.__file__}: {', '.join(idle)} would not be called: {card.name} has no key generation")
    return module


def generate(
    scale: Scale, cell: Cell, split: Split, settings: Mapping[str, Mapping], seed: int, device: torch.device, say: Say
) -> object:
    """One seed's pool. settings: by role."""
    models = {
        role: load_weights(plain.anchor, split, settings[role], as_made(file), device)
        for role, plain in drawn_with(cell).items()
        for file in [weights_file(plain.folder(scale.results), seed)]
    }
    own = {role: settings[role] for role in ("treatment", *models)}
    drawn = derived_seed(seed, cell.split)  # of no combination: any of several cells may stand for their pool
    strategy, lists = treatment_method(cell.treatment)[1], partial(load_lists, scale.results / "splits" / cell.split)
    oracle = oracle_of(scale, cell) if treatment_card(cell).sees_truth else None
    return treatment_module(cell).generate(Source(strategy, split, lists, models, own, drawn, device, say, oracle))


def oracle_of(scale: Scale, cell: Cell) -> Oracle:
    """The truth behind the cell's data, for a treatment that sees it. BadInput where nobody knows it."""
    truth = known_truth(scale.results / "data" / cell.dataset, cell.dataset)
    if truth is None:
        raise BadInput(
            f"{cell.treatment} answers by the truth, and nobody knows that of {cell.dataset}; take other data"
        )
    folder = scale.results / "splits" / cell.split
    return Oracle(truth, tuple(load_targets(folder / f"{part}.csv") for part in ("validation", "test")))


def task(
    scale: Scale,
    cell: Cell,
    pool: object,
    data: TrainingData,
    settings: Mapping[str, Mapping],
    seed: int,
    device: torch.device,
    selection: str,
    say: Say,
    treated: Mapping | None = None,
) -> Task:
    """The retraining of one seed of a treated cell; of a control, where its treated cell left `treated`."""
    own = own_seed(cell, seed)
    models = {
        role: partial(load_weights, plain.anchor, data.split, settings[role], as_made(file), device)
        for role, plain in pretrained(cell).items()
        for file in [weights_file(plain.folder(scale.results), seed)]
    }
    return Task(
        strategy=treatment_method(cell.treatment)[1],
        pool=pool,
        split=data.split,
        settings=settings,
        anchor=method_module(cell.anchor),
        pretrained=models.pop("anchor"),
        run=run_of(cell.anchor, data, own, device, selection, say),
        seed=own,
        others=models,
        control=cell.variant if treated else "",
        treated=treated,
    )
