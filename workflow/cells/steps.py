"""What a cell computes, from seeds to ranks. Every number of a result comes from here or from methods/."""

import importlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it once, before its first product

import pandas as pd
import torch
from safetensors.torch import load_file

from datasets.pipeline.errors import BadInput
from methods.cards import load_card
from methods.engine.data.split import Split, Targets, load_candidates, load_known, load_split, load_targets
from methods.engine.recommender import Fitted, Recommender, Run
from methods.evaluation import acceptance
from methods.evaluation.decisions import decide, load_decisions
from methods.evaluation.metrics import summary
from methods.evaluation.ranking import Ranks, rank
from methods.evaluation.selection import Selection

Say = Callable[[str], None]
ACCEPTED = "accepted"  # the view of decisions


@dataclass(frozen=True)
class TrainingData:
    """All that training, tuning and augmentation may see of a split: histories and validation targets. known: the
    histories that are ranked from, which hold users who are only tested, too. decisions: those of validation, where the
    split holds out decisions."""

    split: Split
    validation: Targets
    known: Split
    decisions: pd.DataFrame | None = None


@dataclass(frozen=True)
class Trained:
    model: Recommender
    fitted: Fitted
    seconds: float


def load_training_data(folder: Path) -> TrainingData:
    split, targets = load_split(folder), load_targets(Path(folder) / "validation.csv")
    return TrainingData(split, targets, load_known(folder, split), load_decisions(folder, "validation"))


def prepare_torch(threads: int) -> torch.device:
    """Fix threads and algorithms, so that a seed gives the same bits on a CPU. Gives the device: a GPU if there is one.

    On a GPU an operation without a deterministic form warns and goes on, and products have all bits of float32, as on a
    CPU: by itself torch lets recurrence round to ten of them there, which moves a result by a thousandth.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # what torch.use_deterministic_algorithms sets, without the compiler that it loads: a second of every job
    torch.set_deterministic_debug_mode("warn" if device.type == "cuda" else "error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads memory before it writes it
    return device


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def method_module(name: str):
    return importlib.import_module(f"methods.{load_card(name).folder.name}.model")


def build(method: str, split: Split, settings: Mapping, seed: int) -> Recommender:
    torch.manual_seed(seed)
    return method_module(method).build(split, dict(settings))


def load_weights(method: str, split: Split, settings: Mapping, file: Path, device: torch.device) -> Recommender:
    """A pretrained model, from safetensors: data, never code."""
    model = build(method, split, settings, 0)
    model.load_state_dict(load_file(file))
    return model.to(device)


def train(
    method: str, data: TrainingData, settings: Mapping, seed: int, device: torch.device, selection: str, say: Say
) -> Trained:
    """Fit a model on the observed data. selection: the metric that ends the training and chooses its epoch."""
    begun = time.perf_counter()
    model = build(method, data.split, settings, seed)
    run = run_of(method, data, seed, device, selection, say)
    fitted = method_module(method).fit(model, data.split, dict(settings), run)
    return Trained(model.to(device), fitted, time.perf_counter() - begun)


def run_of(method: str, data: TrainingData, seed: int, device: torch.device, selection: str, say: Say) -> Run:
    """What a fit of this method gets from outside."""
    asked, headline = Selection.of(selection), headline_of(method)

    def validate(current: Recommender) -> float:
        selects = asked.for_model(current.accepts)
        if selects.view == ACCEPTED:
            return selects.higher(_of_decisions(current, data, selects, device))
        targets = data.validation.of(_members(data, selects)) if selects.group else data.validation
        return metrics(rank(current, data.known, targets, device))[headline][selects.metric]

    return Run(seed, device, validate, say)


def _members(data: TrainingData, selects: Selection) -> torch.Tensor:
    """The users of the group that selects."""
    if selects.group not in data.split.groups:
        has = ", ".join(data.split.groups) or "none"
        raise BadInput(f"{data.split.name}: no group '{selects.group}', which selects; its groups: {has}")
    return data.split.groups[selects.group]


def _of_decisions(model: Recommender, data: TrainingData, selects: Selection, device: torch.device) -> float:
    """A metric of the validation decisions, of all users or of those in the group that selects."""
    held_out = data.decisions
    if held_out is None:
        raise BadInput(f"{data.split.name}: no decisions are held out, which select; take the protocol decisions")
    if selects.group:
        held_out = held_out[held_out["user"].isin(_members(data, selects).numpy())].reset_index(drop=True)
    found = acceptance.summary(decide(model, data.split, held_out, device), data.split.catalogue)
    if selects.metric not in found:
        raise BadInput(f"no metric '{selects.metric}' of decisions, which selects; there are: {', '.join(found)}")
    return found[selects.metric]


def headline_of(method: str) -> str:
    """The candidates that select: all items, or without the seen ones where the method's card excludes them."""
    return "removed" if load_card(method).exclude_seen else "kept"


def metrics(ranks: Ranks) -> dict[str, dict[str, float]]:
    """By reading: over all items, without seen ones, and among sampled candidates where there are any."""
    found = {
        "kept": summary(ranks.above_kept, ranks.ties_kept),
        "removed": summary(ranks.above_removed, ranks.ties_removed),
    }
    if ranks.above_sampled is not None:
        found["sampled"] = summary(ranks.above_sampled, ranks.ties_sampled)
    return found


def final_decisions(
    model: Recommender, data: TrainingData, split_folder: Path, device: torch.device
) -> pd.DataFrame | None:
    """What the model says of every held-out decision, those of the test included; None where there are none. Like
    `final_ranks` called when training is over."""
    held_out = load_decisions(split_folder, "validation", "test")
    return None if held_out is None else decide(model, data.split, held_out, device)


def final_ranks(model: Recommender, data: TrainingData, test_file: Path, device: torch.device) -> dict[str, Ranks]:
    """Ranks of the validation and of the test targets. The only place where a test target is read: training is over.

    When the test item is ranked, the validation item belongs to the history.
    """
    test, sampled = load_targets(test_file), load_candidates(test_file.parent)
    return {
        "validation": rank(model, data.known, data.validation, device, sampled),
        "test": rank(model, data.known.extended(data.validation), test, device, sampled),
    }
