"""Gather what was measured into small text files: `make publish SCALE=quick`.

Below results/published/<scale>/: every table and figure as CSV (figures as PNG too), `cells/` with the result of each
cell, one value a line (what `make merge-results` takes; ranks and weights are too large), `cells.csv` with one row for
each seed of each cell, `tuning.csv` with one row for each trial where settings were searched, `data.json` with each
data set's counts, checksums and audit, and `provenance.json` with the scale's files, the commit, versions and machines.
A failed cell has a row with its reason in `cells.csv`; what was not run has none there, and its status in the tables.

What stands there is replaced when all is written, and by no less: where something would be gone, a file or a finished
seed, nothing is changed, unless `--fewer` (`make publish SCALE=quick FEWER=1`) says so. Nor is anything published where
a file of the results is damaged.
"""

import argparse
import json
import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pandas as pd

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, sha256, whole_file, write_json
from paper_tables.results import DONE, FAILED, Result, read_result
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.files import intact, ranks_file
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
SHOWN = 5  # of what would be gone, in a refusal
COPIED = ("tables/*.csv", "figures/*.csv", "figures/*.png")


def publish(scale: Scale, target: Path, fewer: bool = False) -> pd.DataFrame:
    """Put the published results of a scale into the place of what is in `target`. Returns the rows of `cells.csv`.
    BadInput, and nothing is changed, where a file is damaged, there is nothing to publish, or `fewer` is not said and
    something would be gone."""
    results = {name: read_result(cell, scale.results) for name, cell in sorted(graph.all_cells(scale).items())}
    if damaged := [result.reason for result in results.values() if result.status == FAILED and not result.content]:
        raise BadInput("\n".join(["not published, these results are damaged:", *damaged]))
    known = {name: result for name, result in results.items() if result.content}
    if not known:
        raise BadInput(f"{scale.results}: nothing to publish, no cell of the scale has a result")
    new, old = (target.with_name(f".{target.name}.{kind}") for kind in ("new", "old"))
    if old.exists() and not target.exists():  # ended between the two renames below
        old.rename(target)
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        rows = write(scale, known, len(results), new)
        gone = [] if fewer else would_be_gone(target, new)
        if gone:
            shown = [*gone[:SHOWN], *(["…"] if len(gone) > SHOWN else [])]
            raise BadInput(
                f"{target}: left as it is, for {len(gone)} things that stand there would be gone: {', '.join(shown)}; "
                f"to publish fewer all the same: make publish SCALE={scale.name} FEWER=1"
            )
        if target.exists():
            target.rename(old)
        new.rename(target)
    finally:
        for folder in (new, old) if target.exists() else (new,):
            shutil.rmtree(folder, ignore_errors=True)
    return rows


def would_be_gone(there: Path, new: Path) -> list[str]:
    """The finished seeds, then the files, that stand in `there` and not in `new`."""
    seeds = [f"{cell} seed {seed}" for cell, seed in sorted(finished_seeds(there) - finished_seeds(new))]
    files = {str(file.relative_to(there)) for file in there.rglob("*") if file.is_file()}
    return seeds + sorted(files - {str(file.relative_to(new)) for file in new.rglob("*") if file.is_file()})


def finished_seeds(folder: Path) -> set[tuple[str, str]]:
    """(cell, seed) of all published results; one that cannot be read holds none."""
    found = set()
    for file in folder.glob("cells/*/*/*/result.json"):
        name = str(file.parent.relative_to(folder / "cells"))
        found |= {(name, seed) for seed in (intact(file) or {}).get("seeds", {})}
    return found


def write(scale: Scale, known: Mapping[str, Result], planned: int, target: Path) -> pd.DataFrame:
    """All files, into an empty folder."""
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
    write_json(target / "provenance.json", provenance(scale, known, planned))
    return rows


def write_csv(file: Path, rows: pd.DataFrame) -> None:
    with whole_file(file) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6f")


def trial_rows(folder: Path) -> list[dict]:
    """One row for each trial below `folder`, which holds <paper>/<split>/<cell>.json; a search that failed has a row
    that says why."""
    rows = []
    for file in sorted(folder.glob("*/*/*.json")):
        content = read_json(file)
        about = {"paper": file.parts[-3], "split": file.parent.name, "cell": file.stem}
        about |= {"status": content["status"], "reason": content["reason"]}
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
        if "audit" in found[folder.name]:
            found[folder.name]["audit"] = found[folder.name]["audit"]["findings"]
    return found


def provenance(scale: Scale, known: dict, planned: int) -> dict:
    """What the runs shared: the scale as it stands, the commit, versions, machines, and the hours of training."""
    records = [result.content["provenance"] for result in known.values() if result.done]
    seeds = [seed for result in known.values() for seed in result.content.get("seeds", {}).values()]
    finished = sorted(record["finished"] for record in records)
    return {
        "commit": commit(),
        "scale": read_yaml(scale.file),
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
    parser.add_argument("--fewer", action="store_true", help="publish although something there will be gone")
    options = parser.parse_args()
    with told():
        scale = load_scale(options.scale_file)
        target = scale.results.parent / "published" / scale.name
        rows = publish(scale, target, options.fewer)
    print(f"{len(rows)} rows in {target / 'cells.csv'}")


if __name__ == "__main__":
    start(main)
