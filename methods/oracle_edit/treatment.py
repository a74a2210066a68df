"""An oracle as the workflow knows it (methods/engine/treatment.py): L2Aug's loop with the edit that the truth knows."""

from pathlib import Path

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.data.tensors import load_tensors, save_tensors
from methods.engine.treatment import Retrained, Source, Task
from methods.l2aug.actions import DROP, KEEP, NO_PARTNER, Sequences, edit
from methods.l2aug.batch import Batch
from methods.l2aug.policy import Unedited
from methods.l2aug.treatment import retrained_with, source_of


class Best(Unedited):
    """Drops the items that the best edit drops. kept (catalogue,) bool."""

    def __init__(self, kept: Tensor, longest: int) -> None:
        super().__init__("core")
        self.acts, self.longest = torch.where(kept, KEEP, DROP), longest

    def edit(self, batch: Batch) -> Sequences:
        acts = self.acts.to(batch.items.device)
        return edit(batch.items, batch.lengths, acts[batch.items], torch.full_like(acts, NO_PARTNER), self.longest)


def generate(source: Source) -> Tensor:
    """Which items the best edit keeps. BadInput where the truth knows no edit."""
    truth = source.oracle.truth
    if not truth.answers("best_edit"):
        raise BadInput("oracle-edit asks for the best edit, and the truth of this data knows none")
    return torch.from_numpy(truth.module.best_edit(truth.content, torch.arange(source.split.catalogue).numpy()))


def save(kept: Tensor, file: Path) -> None:
    save_tensors({"kept": kept}, file)


def load(file: Path) -> Tensor:
    return load_tensors(file, ["kept"], "edit of oracle-edit")["kept"]


def counts(kept: Tensor) -> dict:
    return {"items": len(kept)}


def retrain(task: Task) -> Retrained:
    source = source_of(task)
    return retrained_with(task, source, Best(task.pool, source.longest))
