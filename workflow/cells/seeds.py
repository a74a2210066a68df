"""One seed of a cell: train or retrain, rank, write. What belongs into the seed's JSON is returned."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save_file

from datasets.pipeline.files import whole_file
from methods.engine.data.split import load_targets
from methods.engine.recommender import Recommender
from methods.evaluation import acceptance
from methods.evaluation.external import external_ranks
from methods.evaluation.ranking import Ranks
from methods.evaluation.ranks import groups_of
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.augment import own_seed, task, treatment_module
from workflow.cells.files import as_made, built_on, decisions_file, kept_files, pool_seed_file, ranks_file, weights_file
from workflow.cells.pools import pool_of
from workflow.cells.provenance import peak_memory_mb
from workflow.cells.steps import ACCEPTED, Trained, TrainingData, final_decisions, final_ranks, metrics, train
from workflow.cells.truth import known_truth
from workflow.scale import Scale


@dataclass(frozen=True)
class Job:
    """A cell, and what all its seeds share. settings: by role (anchor, treatment, sampler); data: None of an agent."""

    scale: Scale
    cell: Cell
    settings: dict[str, dict]
    data: TrainingData | None
    device: torch.device

    @property
    def folder(self) -> Path:
        return self.cell.folder(self.scale.results)

    @property
    def test_file(self) -> Path:
        return self.scale.results / "splits" / self.cell.split / "test.csv"


NOTHING_TRAINED = {
    "epochs": 0,
    "best_epoch": 0,
    "stopped_early": True,
    "curve": [],
    "train_seconds": 0.0,
    "rank_seconds": 0.0,
}


def say(message: str) -> None:
    """Into the job's log."""
    print(message, flush=True)


def run_seed(job: Job, seed: int) -> dict:
    if graph.is_external(job.cell):
        return external(job, seed)
    return treated(job, seed) if job.cell.treatment else plain(job, seed)


def external(job: Job, seed: int) -> dict:
    """A method that ran outside: the scores or ranks that its own rule put into the cell's folder are checked and
    read."""
    ranks = external_ranks(job.test_file.parent, job.folder, seed)
    return {**ranked(job, seed, ranks), **NOTHING_TRAINED, **memory(job.device)}


def plain(job: Job, seed: int) -> dict:
    settings, selection = job.settings["anchor"], graph.selection(job.cell)
    own = own_seed(job.cell, seed)
    return evaluated(job, seed, train(job.cell.anchor, job.data, settings, own, job.device, selection, say))


def treated(job: Job, seed: int) -> dict:
    """Retrain the anchor on what the cell takes of its pool; where that is nothing, the anchor stays as it is."""
    treatment, cell, results = treatment_module(job.cell), job.cell, job.scale.results
    pool = pool_of(job.scale, cell)
    drawn = pool and treatment.load(as_made(pool_seed_file(pool.folder(results), seed)))
    main = graph.main_cell(cell).folder(results) if graph.is_control(cell) else None
    followed = main and built_on(main, seed, "the treated cell")
    work = task(
        job.scale, cell, drawn, job.data, job.settings, seed, job.device, graph.selection(cell), say, followed
    )
    begun = time.perf_counter()
    done = treatment.retrain(work)
    seconds = time.perf_counter() - begun
    outcome = untouched(job, seed) if done is None else evaluated(job, seed, Trained(done.model, done.fitted, seconds))
    trained = 0 if done is None else done.trained
    if cell.variant == graph.CONTROL:  # it trained on random data: what is known of the pool says nothing of them
        return {**outcome, "augmentation": {"control": True, "trained": trained}}
    held_out = {"validation": job.data.validation, "test": load_targets(job.test_file)}
    truth = known_truth(results / "data" / cell.dataset, cell.dataset)
    about = treatment.describe(work, done, held_out, truth) if hasattr(treatment, "describe") else {}
    return {**outcome, "augmentation": {**about, "trained": trained}}


def evaluated(job: Job, seed: int, trained: Trained) -> dict:
    """Rank, write ranks and weights."""
    begun = time.perf_counter()
    ranks = final_ranks(trained.model, job.data, job.test_file, job.device)
    rank_seconds = time.perf_counter() - begun
    found = with_decisions(job, seed, ranked(job, seed, ranks), trained.model)
    if graph.keeps_weights(job.cell):
        write_weights(trained.model, weights_file(job.folder, seed))
    return {**found, **course(trained, rank_seconds), **memory(job.device)}


def course(trained: Trained, rank_seconds: float) -> dict:
    """How the training went, and what it and the ranking took."""
    fitted = trained.fitted
    return {
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "stopped_early": fitted.stopped_early,
        "curve": fitted.curve,
        "train_seconds": round(trained.seconds, 3),
        "rank_seconds": round(rank_seconds, 3),
    }


def untouched(job: Job, seed: int) -> dict:
    """Nothing is left of what was generated (CASR: kappa = 1, r = 0): the result is the plain anchor's, and says so."""
    anchor = graph.pretrained_cells(job.cell)[0]
    folder = anchor.folder(job.scale.results)
    for file in kept_files(folder, seed):
        if file.is_file():
            with whole_file(job.folder / file.name) as temporary:
                shutil.copyfile(as_made(file), temporary)
    plain = built_on(folder, seed, anchor.name)
    return {
        **{key: plain[key] for key in ("metrics", "groups") if key in plain},
        "same_as": anchor.identifier,
        **NOTHING_TRAINED,
        **memory(job.device),
    }


def memory(device: torch.device) -> dict[str, float]:
    """Peaks of this process so far, in MiB."""
    peaks = {"peak_memory_mb": peak_memory_mb()}
    if device.type == "cuda":
        peaks["peak_device_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / (1 << 20), 1)
    return peaks


def ranked(job: Job, seed: int, ranks: dict[str, Ranks]) -> dict[str, dict]:
    """Write the ranks; their metrics, of all users and of each group."""
    table = write_ranks(ranks, ranks_file(job.folder, seed))
    found = {"metrics": {part: metrics(of) for part, of in ranks.items()}}
    groups = {name: users.numpy() for name, users in job.data.split.groups.items()}
    return {**found, "groups": groups_of(table, groups)} if groups else found


def with_decisions(job: Job, seed: int, found: dict[str, dict], model: Recommender) -> dict[str, dict]:
    """The metrics, and those of decisions, where the split holds some out: they are written beside the ranks."""
    table = final_decisions(model, job.data, job.test_file.parent, job.device)
    if table is None:
        return found
    with whole_file(decisions_file(job.folder, seed)) as temporary:
        table.to_parquet(temporary, index=False)
    for part, own in table.groupby("part"):
        found["metrics"][part][ACCEPTED] = acceptance.summary(own, job.data.split.catalogue)
        for name, users in job.data.split.groups.items():
            if len(of_group := own[own["user"].isin(users.numpy())]):
                by_part = found["groups"][name].setdefault(part, {})
                by_part[ACCEPTED] = acceptance.summary(of_group, job.data.split.catalogue)
    return found


def write_ranks(ranks: dict[str, Ranks], file: Path) -> pd.DataFrame:
    tables = []
    for part, found in ranks.items():
        counts = {name: column for name, column in vars(found).items() if column is not None}
        about = {"user": counts.pop("users"), "target": counts.pop("targets"), "part": part}
        tables.append(pd.DataFrame({**about, **counts}))
    table = pd.concat(tables, ignore_index=True)
    with whole_file(file) as temporary:
        table.to_parquet(temporary, index=False)
    return table


def write_weights(model: Recommender, file: Path) -> None:
    with whole_file(file) as temporary:
        save_file({name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}, temporary)
