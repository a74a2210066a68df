"""What a run could not make, said and shown: `python -m workflow.unfinished --scale-file config/quick.yaml [--tables]`

A job that trains leaves a result even where it fails; a data set that cannot be fetched, prepared or split leaves
nothing, and the tables, which wait for all cells, are not reached. They are made here from what there is, into
results/<scale>/so_far, and show the rest as not run. Ends with 1 as long as a cell is not done.
"""

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.command import start
from datasets.pipeline.split_name import SplitName
from paper_tables.results import DONE, read_result
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.failed import message
from workflow.scale import Scale, load_scale
from workflow.targets import papers, raw_record

OF_ALL_PAPERS = (["paper_tables.judge.comparison"], ["paper_tables.report"])


def missing_splits(scale: Scale) -> dict[str, str]:
    """The splits that the scale's cells need and that are not there, each with the reason."""
    splits = sorted({cell.split for cell in graph.all_cells(scale).values() if not graph.is_agent(cell)})
    reasons = {split: missing(scale, split) for split in splits}
    return {split: why for split, why in reasons.items() if why}


def missing(scale: Scale, split: str) -> str:
    """Why a split is not there, by the log of the first step that left no file; empty where it is there."""
    dataset, logs = SplitName.of(split).dataset, scale.results / "logs"
    steps = [
        (scale.results / "data" / dataset / "data.json", logs / "prepare" / f"{dataset}.log"),
        (scale.results / "splits" / split / "split.json", logs / "split" / f"{split}.log"),
    ]
    fetched = [Path(file) for file in raw_record(dataset)]
    steps = [(file, Path("results/logs/fetch") / f"{card(dataset).folder.name}.log") for file in fetched] + steps
    for file, log in steps:
        if not file.is_file():
            return message(log) or "not reached"
    return ""


def make_tables(scale: Scale) -> bool:
    """Tables and figures of every paper, the comparison and the report, from what there is, in the scale's folder
    so_far. Whether all were made; what went wrong is on stderr."""
    steps = [*(["paper_tables", paper, "all"] for paper in papers(scale.name)), *OF_ALL_PAPERS]
    codes = []
    for step in steps:
        command = [sys.executable, "-m", *step, "--scale-file", str(scale.file), "--results", str(scale.results)]
        codes.append(subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode)
    return not any(codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--tables", action="store_true", help="make tables and figures; name the data that is missing")
    options = parser.parse_args()
    with told():
        scale = load_scale(options.scale_file)
        if options.tables:
            for split, why in missing_splits(scale).items():
                print(f"missing: {split}: {why}")
            made = "were made" if make_tables(scale) else "could not all be made; what is wrong stands above"
            print(f"Pages of what there is so far, in {scale.results / 'so_far'}, {made}.", flush=True)
        found = Counter(read_result(cell, scale.results).status for cell in graph.all_cells(scale).values())
    if found.total() > found[DONE]:
        states = ", ".join(f"{count} {status}" for status, count in sorted(found.items()))
        sys.exit(f"Not everything is done: of {found.total()} cells {states}.")


if __name__ == "__main__":
    start(main)
