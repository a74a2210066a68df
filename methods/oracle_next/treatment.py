"""An oracle as the workflow knows it (methods/engine/treatment.py): true next items of counterfactual histories.

The last item of every training sample is replaced at random, `copies` times. The truth says what the user would take
next; the answer is wrong with probability eta. All else is CASR's: how the anchor is retrained, and the control.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.casr.candidates import candidate_sets
from methods.casr.select import control, true_labels
from methods.casr.treatment import retrained_on
from methods.engine.data.branches import Branches
from methods.engine.data.split import Split, Targets
from methods.engine.data.tensors import load_tensors, save_tensors
from methods.engine.data.windows import Windows, cut_windows
from methods.engine.fit.sample_complexity import samples_for
from methods.engine.treatment import Retrained, Source, Task, Truth, derived_seed

ALL = {"candidates": "all"}


@dataclass(frozen=True)
class Answers:
    """Sequence s: the first `starts[s]` items of window `windows[s]`, then `items[s]`, the replacement; its true next
    item and a wrong one, and a number `chance` in [0, 1): the wrong one is taken where it is below eta, so that a
    higher eta keeps the wrong answers of a lower one. copy: which one of its sample it is, from 0. All of shape (s,).
    """

    windows: Tensor
    starts: Tensor
    items: Tensor
    true: Tensor
    wrong: Tensor
    chance: Tensor
    copy: Tensor

    def __len__(self) -> int:
        return len(self.true)


def generate(source: Source) -> Answers:
    """BadInput where the truth knows no next item."""
    truth, settings = source.oracle.truth, source.settings["treatment"]
    if not truth.answers("true_next"):
        raise BadInput("oracle-next asks for the true next item, and the truth of this data knows none")
    generator = torch.Generator().manual_seed(derived_seed(source.seed, "pool", "oracle-next"))
    windows = whole_histories(source.split)
    window, start = (each.repeat(settings["copies"]) for each in windows.samples)
    every = candidate_sets(source.split, ALL["candidates"])
    items = every.draw(windows.inputs[window, start], torch.rand(len(window), generator=generator, dtype=torch.float64))
    asked = Branches(window, start, items[:, None], items)
    true = true_labels(asked, windows, lambda *histories: truth.module.true_next(truth.content, *histories))
    wrong = every.draw(true, torch.rand(len(window), generator=generator, dtype=torch.float64))
    chance = torch.rand(len(window), generator=generator)
    copy = torch.arange(settings["copies"]).repeat_interleave(len(window) // settings["copies"])
    return Answers(window, start, items, true, wrong, chance, copy)


def whole_histories(split: Split) -> Windows:
    """One window for each history: the truth depends on all of it."""
    return cut_windows(split, max(2, int(split.lengths.max())))


def save(answers: Answers, file: Path) -> None:
    save_tensors(vars(answers), file)


def load(file: Path) -> Answers:
    return Answers(**load_tensors(file, [field.name for field in fields(Answers)], "answers of oracle-next"))


def counts(answers: Answers) -> dict:
    return {"sequences": len(answers)}


def retrain(task: Task) -> Retrained | None:
    """The anchor, trained on the observed sequences and on the answers, or on their control."""
    longest, length = int(task.split.lengths.max()), task.settings["anchor"]["max_length"]
    if longest - 1 > length:
        raise BadInput(f"oracle-next: histories of {longest} items do not fit into max_length {length}; set it higher")
    extra = answered(task.pool, task.settings["treatment"])
    if task.control_epochs is not None:
        generator = torch.Generator().manual_seed(derived_seed(task.seed, "control"))
        extra = control(extra, task.split, whole_histories(task.split), ALL, generator)
    return retrained_on(extra, task)


def answered(answers: Answers, settings: Mapping) -> Branches:
    """The sequences of the first `copies`, with what the oracle answers at this eta."""
    labels = torch.where(answers.chance < settings["eta"], answers.wrong, answers.true)
    sequences = Branches(answers.windows, answers.starts, answers.items[:, None], labels)
    return sequences.take(answers.copy < settings["copies"])


def describe(task: Task, retrained: Retrained | None, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """How many sequences there are, how many of their answers are true, and what CASR's Theorem 1 asks for then."""
    settings = task.settings["treatment"]
    sequences = answered(task.pool, settings)
    right = sequences.labels == task.pool.true[task.pool.copy < settings["copies"]]
    noise = 1 - float(right.double().mean())
    about = {"strategy": task.strategy, "size": len(sequences), "label_accuracy": 1 - noise, "noise": noise}
    return about if retrained is None else {**about, "theorem1": samples_for(retrained.model, noise)}
