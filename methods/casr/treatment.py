"""CASR as the workflow knows it (methods/engine/treatment.py): pools of sequences, and the retraining on them."""

from collections.abc import Mapping
from functools import partial

import torch

from datasets.pipeline.errors import BadInput
from methods.casr import pool as pools
from methods.casr.description import describe as describe_pool
from methods.casr.description import heldout_overlap
from methods.casr.drawing import draw_pool
from methods.casr.pool import Pool
from methods.casr.select import control, select
from methods.casr.theory import label_accuracy
from methods.engine.data.branches import Branches
from methods.engine.data.split import Split, Targets
from methods.engine.data.windows import Windows, cut_windows
from methods.engine.fit.sample_complexity import samples_for
from methods.engine.recommender import Recommender
from methods.engine.treatment import Retrained, Source, Task, Truth, derived_seed, or_stay

load, save = pools.load_pool, pools.save_pool


def generate(source: Source) -> Pool:
    """The sequences of one sampler before the confidence filter."""
    generator = torch.Generator().manual_seed(derived_seed(source.seed, "pool", source.strategy))
    return draw_pool(
        source.strategy,
        source.models["sampler"],
        source.models.get("anchor"),
        source.split,
        windows_of(source.split, source.settings),
        source.settings["treatment"],
        generator,
        source.device,
        source.say,
    )


def counts(pool: Pool) -> dict:
    return {"sequences": len(pool)}


def retrain(task: Task) -> Retrained | None:
    """The anchor, trained on the observed and the extra sequences; a control as many epochs as its cell."""
    return retrained_on(chosen(task), task)


def retrained_on(extra: Branches, task: Task) -> Retrained | None:
    """The same for any extra sequences; None where there are none."""
    task.run.progress(f"{len(extra):,} extra sequences")
    if not len(extra):
        return None
    treatment = task.settings["treatment"]
    epochs, patience = treatment["retrain_epochs"], treatment["retrain_patience"]
    if task.control_epochs is not None:
        epochs = patience = task.control_epochs
    budget = {"epochs": epochs, "patience": patience, "learning_rate": treatment["retrain_learning_rate"]}
    settings = {**task.settings["anchor"], **budget}
    model = start(task, treatment["retrain"])
    fit = partial(task.anchor.fit, model, task.split, settings, task.run, extra=extra)
    fitted = or_stay(model, task.run, fit, treatment["retrain_may_stay"])
    return Retrained(model, fitted, len(extra))


def start(task: Task, how: str) -> Recommender:
    """The model that the retraining begins with."""
    if how == "warm":
        return task.pretrained()
    if how == "scratch":
        torch.manual_seed(task.run.seed)
        return task.anchor.build(task.split, dict(task.settings["anchor"]))
    raise BadInput(f"CASR: retrain is '{how}'; it must be warm or scratch")


def chosen(task: Task) -> Branches:
    """The extra sequences of a cell, or of its control: as many, with random items."""
    selected = select(task.pool, task.settings["treatment"])
    if task.control_epochs is None:
        return selected
    generator = torch.Generator().manual_seed(derived_seed(task.seed, "control"))
    return control(selected, task.split, windows_of(task.split, task.settings), task.settings["treatment"], generator)


def windows_of(split: Split, settings: Mapping[str, Mapping]) -> Windows:
    """The windows in which sequences are generated and trained: the same for all models, so that they fit together."""
    lengths = {role: own["max_length"] for role, own in settings.items() if role != "treatment"}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"max_length differs between anchor and sampler ({lengths}); set it under `all` in the settings")
    return cut_windows(split, next(iter(lengths.values())))


def describe(task: Task, retrained: Retrained | None, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """What was generated and refused, how much of it is held out, and how much of it is true where that is known."""
    pool, settings, windows = task.pool, task.settings["treatment"], windows_of(task.split, task.settings)
    overlap = {part: heldout_overlap(pool, settings, windows, targets) for part, targets in held_out.items()}
    about = {**describe_pool(pool, settings, task.split, windows), "heldout_overlap": overlap}
    if retrained is None or truth is None:
        return about
    return {**about, **against_truth(task, retrained, windows, truth)}


def against_truth(task: Task, retrained: Retrained, windows: Windows, truth: Truth) -> dict:
    """`label_accuracy`, the noise eta, and Theorem 1's number of samples.

    Empty where the truth knows no next item, and where a history is cut into windows: the truth depends on all of it.
    """
    if not truth.answers("true_next") or len(windows.users.unique()) < len(windows):
        return {}
    true_next = partial(truth.module.true_next, truth.content)
    accuracy = label_accuracy(task.pool, task.settings["treatment"], windows, true_next)
    return {
        "label_accuracy": accuracy,
        "noise": 1 - accuracy,
        "theorem1": samples_for(retrained.model, 1 - accuracy),
    }
