"""CASR between its two trainings: what is generated, what is chosen of it, and the card of the chosen set."""

from collections.abc import Mapping
from pathlib import Path

import torch

from datasets.pipeline.errors import BadInput
from methods.casr.description import describe, heldout_overlap
from methods.casr.drawing import draw_pool
from methods.casr.pool import Pool, load_pool, save_pool
from methods.casr.select import control, select
from methods.engine.branches import Branches
from methods.engine.recommender import SequentialRecommender
from methods.engine.split import Split, Targets
from methods.engine.windows import Windows, cut_windows
from workflow.cells.steps import Say, derived_seed


def windows_of(split: Split, models: Mapping[str, Mapping]) -> Windows:
    """The windows in which sequences are generated and trained: the same for all models, so that they fit together."""
    lengths = {name: settings["max_length"] for name, settings in models.items()}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"max_length differs between anchor and sampler ({lengths}); set it under `all` in the settings")
    return cut_windows(split, next(iter(lengths.values())))


def generate(
    strategy: str,
    sampler: SequentialRecommender,
    anchor: SequentialRecommender | None,
    split: Split,
    windows: Windows,
    settings: Mapping,
    seed: int,
    device: torch.device,
    say: Say,
) -> Pool:
    generator = torch.Generator().manual_seed(derived_seed(seed, "pool", strategy))
    return draw_pool(strategy, sampler, anchor, split, windows, settings, generator, device, say)


def chosen(pool: Pool, split: Split, windows: Windows, settings: Mapping, seed: int, as_control: bool) -> Branches:
    """The extra sequences of a cell, or of its control: as many, with random items."""
    selected = select(pool, settings)
    if not as_control:
        return selected
    return control(selected, split, windows, settings, torch.Generator().manual_seed(derived_seed(seed, "control")))


def card(pool: Pool, split: Split, windows: Windows, settings: Mapping, validation: Targets, test: Targets) -> dict:
    """What a reader wants to know of an augmented set. Made after all training: it looks at the held-out items."""
    held_out = {"validation": validation, "test": test}
    overlap = {name: heldout_overlap(pool, settings, windows, targets) for name, targets in held_out.items()}
    return {**describe(pool, settings, split, windows), "heldout_overlap": overlap}


def read(file: Path) -> Pool:
    return load_pool(file)


def write(pool: Pool, file: Path) -> None:
    save_pool(pool, file)
