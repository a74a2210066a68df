"""Cells with made-up ranks, written as the workflow writes them (formats: workflow/README.md)."""

import numpy as np
import pandas as pd

from datasets.pipeline.files import write_json
from methods.evaluation.metrics import summary
from paper_tables.cell import Cell

USERS = 60
AUGMENTATION = {
    "strategy": "d",
    "size": 3,
    "same_category": 0.25,
    "label_accuracy": 0.4,
    "confidence_mean": None,
    "heldout_overlap": {"test": {"labels": 0.01}},
}
TREATMENT = {"share": 1.0, "kappa": 0.0, "rounds": 1}
TREATMENT |= {"index": -2, "candidates": "all", "alpha": 1.0, "beta": 1.0, "tau": 1.0, "steps": 5, "rate": 0.2}


def ranks_with_hits(hits: int) -> np.ndarray:
    """Ranks from 0 of USERS users: the first `hits` stand at the top, the others far below."""
    return np.where(np.arange(USERS) < hits, 0, 50)


def write_cell(results, cell: Cell, test: dict[str, np.ndarray], validation: dict | None = None, **extra) -> None:
    """A finished cell. test, validation: seed -> items above each user's target; `removed` is one place better."""
    folder, seeds = cell.folder(results), {}
    folder.mkdir(parents=True)
    for seed, above in test.items():
        metrics, tables = {}, []
        for part, kept in (("test", above), ("validation", (validation or test)[seed])):
            ties, removed = np.zeros_like(kept), np.maximum(kept - 1, 0)
            metrics[part] = {"kept": summary(kept, ties), "removed": summary(removed, ties)}
            columns = {"above_kept": kept, "ties_kept": ties, "above_removed": removed, "ties_removed": ties}
            tables.append(pd.DataFrame({"user": np.arange(len(kept)), "target": 0, "part": part} | columns))
        pd.concat(tables).to_parquet(folder / f"seed-{seed}.ranks.parquet", index=False)
        seeds[seed] = {"metrics": metrics, "stopped_early": True} | extra.get("seed", {})
        if cell.treatment:
            seeds[seed]["augmentation"] = AUGMENTATION | extra.get("card", {})
    treatment = {"treatment": TREATMENT | dict(cell.settings) | extra.get("settings", {})} if cell.treatment else {}
    write_json(
        folder / "result.json",
        {
            "status": "done",
            "reason": "",
            "settings": {"anchor": {"objective": "softmax", "max_length": 8}, **treatment},
            "pool": extra.get("pool", ""),
            "seeds": seeds,
            "provenance": {"split": {"verified": extra.get("verified", True), "items": 100}},
        },
    )


def write_failed(results, cell: Cell, reason: str) -> None:
    write_json(cell.folder(results) / "result.json", {"status": "failed", "reason": reason, "seeds": {}})


def lastfm(anchor: str, treatment: str = "", sampler: str = "", variant: str = "") -> Cell:
    return Cell("casr", "lastfm.loo", anchor, treatment, sampler, variant)
