"""Cells of CPR with made-up ranks, written as the workflow writes them (formats: workflow/README.md)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.files import write_json
from methods.evaluation.metrics import summary
from paper_tables.cell import Cell
from tests.paper_tables.made_results import USERS, ranks_with_hits

ITEMS = 20  # the test item of user u is u % ITEMS
SEEDS = {"1": 0, "2": 2}  # training seed -> hits more
CARD = {
    "strategy": "l",
    "k": 1,
    "sets": 300,
    "rounds": 4,
    "reward": [1.0, 2.0],
    "observed": {"positives": 0.5, "others": 0.25},
    "heldout_overlap": {"test": {"positives": 0.01, "others": 0.02}},
}
KNOWN = {
    "label_accuracy": 0.75,
    "noise": 0.25,
    "positives_taken": 0.8,
    "others_taken": 0.3,
    "zeta": 0.25,
    "zeta_decided": 0.2,
    "decided": 0.5,
    "theorem1": {"printed": 6.0, "hoeffding": 24.0, "exact": 9.0},
    "theorem2": {"samples": 1000.0},
    "recovery": {"exposure_divergence": 0.01, "uniform_divergence": 0.04, "choice_auc": 0.7},
    "values": {"made": 3.0, "observed": 2.5, "random": 2.0},
}


def write_cell(results: Path, cell: Cell, hits: int, settings: Mapping | None = None, **card: object) -> None:
    """A finished cell of two seeds: `hits` (and two more) of USERS users have their item at the top, the others at
    place 50 of all, at place 5 of the sampled. card: what its augmented set's card says besides CARD.
    """
    folder, seeds = cell.folder(results), {}
    folder.mkdir(parents=True)
    for seed, more in SEEDS.items():
        above, metrics, tables = ranks_with_hits(hits + more), {}, []
        ties = np.zeros_like(above)
        for part in ("test", "validation"):
            readings = {"kept": above + (above > 0), "removed": above, "sampled": above // 10}
            metrics[part] = {name: summary(ranks, ties) for name, ranks in readings.items()}
            columns = {f"above_{name}": ranks for name, ranks in readings.items()}
            columns |= {f"ties_{name}": ties for name in readings}
            users = np.arange(USERS)
            tables.append(pd.DataFrame({"user": users, "target": users % ITEMS, "part": part} | columns))
        pd.concat(tables).to_parquet(folder / f"seed-{seed}.ranks.parquet", index=False)
        seeds[seed] = {"metrics": metrics, "stopped_early": True}
        if cell.treatment:
            seeds[seed]["augmentation"] = CARD | card
    treatment = {"treatment": {"k": 1, **cell.settings, **(settings or {})}} if cell.treatment else {}
    write_json(
        folder / "result.json",
        {
            "status": "done",
            "reason": "",
            "cell": about(cell),
            "settings": {"anchor": {"objective": "pairwise"}, **treatment},
            "seeds": seeds,
            "provenance": {"split": {"verified": True, "items": ITEMS}},
        },
    )


def write_failed(results: Path, cell: Cell, reason: str) -> None:
    content = {"status": "failed", "reason": reason, "cell": about(cell), "seeds": {}}
    write_json(cell.folder(results) / "result.json", content)


def about(cell: Cell) -> dict:
    return {name: getattr(cell, name) for name in "paper split anchor treatment sampler variant name".split()}


def write_data(results: Path, dataset: str, **about: object) -> None:
    """data.json, an audit with a note, and a training part in which item i was taken 2, 10 or 30 times."""
    finding = {"check": "lists", "level": "note", "value": 0.5, "meaning": "of lists have a choice"}
    write_json(results / "data" / dataset / "data.json", {"counts": {}, "printed": {}, "verified": True} | about)
    write_json(results / "data" / dataset / "audit.json", {"findings": [finding]})
    counts = np.repeat([2, 10, 30], [7, 7, 6])
    items = np.repeat(np.arange(ITEMS), counts)
    split = results / "splits" / f"{dataset}.loo"
    split.mkdir(parents=True)
    pd.DataFrame({"user": np.arange(len(items)), "item": items}).to_csv(split / "train.csv", index=False)
