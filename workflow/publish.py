"""Gather what was measured into small text files: `make publish SCALE=quick`.

Below results/published/<scale>/: every table and figure as CSV (figures as PNG too), `cells/` with the result of each
cell, one value a line (what `make merge-results` takes; ranks and weights are too large), `cells.csv` with one row for
each seed of each cell, `tuning.csv` with one row for each trial where settings were searched, `data.json` with each
data set's counts, checksums and audit, and `provenance.json` with the scale's files, the commit, versions and machines.
A failed cell has a row with its reason in `cells.csv`; what was not run has none there, and its status in the tables.
"""

import argparse
import json
import shutil
from itertools import product
from pathlib import Path

import pandas as pd
import yaml

from datasets.pipeline.command import start
from datasets.pipeline.files import read_json, sha256, whole_file, write_json
from paper_tables.results import DONE, Result, read_result
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.files import ranks_file
from workflow.cells.provenance import commit
from workflow.scale import Scale, load_scale, read_yaml

METRICS = ("f1@5", "ndcg@5", "hr@10", "ndcg@10")
READINGS = ("kept", "removed", "sampled")
COSTS = (
    "epochs",
    "best_epoch",
    "stopped_early",
    "train_seconds",
    "rank_seconds",
    "peak_memory_mb",
    "same_as",
    "digest",
)
COPIED = ("tables/*.csv", "figures/*.csv", "figures/*.png")


def publish(scale: Scale, target: Path) -> pd.DataFrame:
    """Write the published results of a scale into `target`, anew. Returns the rows of `cells.csv`."""
    results = {name: read_result(cell, scale.results) for name, cell in sorted(graph.all_cells(scale).items())}
    known = {name: result for name, result in results.items() if result.content}
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted(file for pattern in COPIED for file in scale.results.glob(pattern)):
        copy = target / file.relative_to(scale.results)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    for name, result in known.items():
        write_json(target / "cells" / name / "result.json", result.content)
    rows = pd.DataFrame([row for result in known.values() for row in seed_rows(result)])
    write_csv(target / "cells.csv", rows)
    trials = pd.DataFrame(trial_rows(scale.results / "tuning"))
    if len(trials):
        write_csv(target / "tuning.csv", trials)
    write_json(target / "data.json", data_sets(scale))
    write_json(target / "provenance.json", provenance(scale, known, planned=len(results)))
    return rows


def write_csv(file: Path, rows: pd.DataFrame) -> None:
    with whole_file(file) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6f")


def trial_rows(folder: Path) -> list[dict]:
    """One row for each trial below `folder`, which holds <split>/<cell>.json; a search that failed has a row that says
    why."""
    rows = []
    for file in sorted(folder.glob("*/*.json")):
        content = read_json(file)
        about = {"split": file.parent.name, "cell": file.stem, "status": content["status"], "reason": content["reason"]}
        for trial in content.get("trials", [{}]):
            settings = json.dumps(trial["settings"], sort_keys=True) if trial else ""
            value, seconds = trial.get("validation"), trial.get("seconds")
            reason = trial.get("reason") or content["reason"]
            rows.append({**about, "reason": reason, "settings": settings, "validation": value, "seconds": seconds})
    return rows


def seed_rows(result: Result) -> list[dict]:
    """One row for each finished seed; a cell that failed without any has a row that says why."""
    cell = result.cell
    about = {"split": cell.split, "cell": cell.name, "status": result.status, "reason": result.reason}
    rows = []
    for seed in result.seeds:
        found, row = result.content["seeds"][seed], {**about, "seed": seed}
        for part, reading in product(("validation", "test"), READINGS):
            values = found["metrics"][part].get(reading, {})  # only some data have sampled candidates
            row |= {f"{part} {reading} {metric}": values.get(metric) for metric in METRICS}
        row |= {key: found.get(key) for key in COSTS}
        row |= {f"sequences {key}": found.get("augmentation", {}).get(key) for key in ("candidates", "size", "trained")}
        ranks = ranks_file(result.folder, seed)
        row["ranks sha256"] = sha256(ranks) if ranks.is_file() else ""
        row["code"] = result.content.get("provenance", {}).get("code", "")
        rows.append(row)
    return rows or [about]


def data_sets(scale: Scale) -> dict:
    """Counts, files with checksums, and audit of each data set, by name."""
    found = {}
    for folder in sorted((scale.results / "data").glob("*")):
        files = {name: folder / f"{name}.json" for name in ("data", "audit")}
        found[folder.name] = {name: read_json(file) for name, file in files.items() if file.is_file()}
    return found


def provenance(scale: Scale, known: dict, planned: int) -> dict:
    """What the runs shared: the scale as it stands, the commit, versions, machines, and the hours of training."""
    records = [result.content["provenance"] for result in known.values() if result.done]
    seeds = [seed for result in known.values() for seed in result.content.get("seeds", {}).values()]
    finished = sorted(record["finished"] for record in records)
    return {
        "commit": commit(),
        "scale": yaml.safe_load(scale.file.read_text(encoding="utf-8")),
        "settings": {file.stem: read_yaml(file) for file in sorted(scale.settings_folder.glob("*.yaml"))},
        "settings of cells": {name: result.content["settings"] for name, result in known.items() if result.done},
        "splits": {record["split"]["name"]: record["split"] for record in records},
        "versions": sorted({tuple(sorted(record["versions"].items())) for record in records}),
        "machines": sorted({(record["processor"], record["device"], record["threads"]) for record in records}),
        "finished": [*finished[:1], *finished[-1:]],
        "cells": {
            "planned": planned,
            "done": sum(result.status == DONE for result in known.values()),
            "failed": sum(result.status != DONE for result in known.values()),
        },
        "training hours": round(sum(seed.get("train_seconds", 0) for seed in seeds) / 3600, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    with told():
        scale = load_scale(parser.parse_args().scale_file)
        target = scale.results.parent / "published" / scale.name
        rows = publish(scale, target)
    print(f"{len(rows)} rows in {target / 'cells.csv'}")


if __name__ == "__main__":
    start(main)
