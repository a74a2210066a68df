"""Take failed results away, so that the next run repeats them: `make retry SCALE=quick`.

Finished seeds of a failed cell stay and are used. A damaged file goes likewise: a result that cannot be read or that
its ranks disprove, and, on splits where something failed, whatever has changed since it was written; the next run makes
it anew. The tables, figures and report go with them: where they stand, a run would not ask for what they were made of.
"""

import argparse
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.errors import Damaged
from datasets.pipeline.split_name import SplitName
from paper_tables.checked import ranks_fault, result_fault
from workflow.cells.errors import told
from workflow.cells.files import DAMAGED, FAILED, damage, intact
from workflow.scale import load_scale

RESULT = "result.json"
PLACES = ("cells/*/*/*/result.json", "pools/*/*/*/pool.json", "tuning/*/*/*.json")
MADE_OF_THEM = ("tables/*", "figures/*", "comparison.csv", "report.html")


def take_failed_away(results: Path) -> list[Path]:
    """Remove every failed result below `results/<scale>`, and what shows results; gives the failed ones."""
    files = [file for place in PLACES for file in sorted(results.glob(place))]
    failed = [file for file in files if has_failed(file)]
    failed += [file for file in damaged(results, {split_of(file) for file in failed}) if file not in failed]
    for file in failed:
        file.unlink()
    for file in [file for place in MADE_OF_THEM if failed for file in results.glob(place)]:
        file.unlink()
    return failed


def has_failed(file: Path) -> bool:
    """Whether a result is failed, cannot be read, or says something else than its ranks."""
    content = intact(file) or DAMAGED
    if content.get("status") == FAILED or file.name != RESULT:
        return content.get("status") == FAILED
    try:
        return bool(result_fault(content) or ranks_fault(file.parent, content, recomputed=True))
    except Damaged:
        return True


def damaged(results: Path, splits: set[str]) -> list[Path]:
    """What has to go so that a run makes the damaged files of these splits, and of their data, anew."""
    records = {}  # of what the steps wrote -> what Snakemake looks at
    for split in sorted(splits):
        made = [results / "data" / SplitName.of(split).dataset / "data.json", results / "splits" / split / "split.json"]
        records |= {file: file for file in made if file.is_file()}
        for whole in (*results.glob(f"cells/*/{split}/*/result.json"), *results.glob(f"pools/*/{split}/*/pool.json")):
            records |= {seed: whole for seed in sorted(whole.parent.glob("seed-*.json"))}
    return list(dict.fromkeys(whole for record, whole in records.items() if damage(record)))


def split_of(file: Path) -> str:
    """Of a result, a pool or a search."""
    return file.parent.name if file.parents[2].name == "tuning" else file.parents[1].name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    with told():
        removed = take_failed_away(load_scale(parser.parse_args().scale_file).results)
    said = f"{len(removed)} failed results taken away; run again to repeat them"
    print(*removed, said if removed else "no result has failed, and none is damaged: nothing was taken away", sep="\n")


if __name__ == "__main__":
    start(main)
