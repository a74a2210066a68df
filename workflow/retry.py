"""Take failed results away, so that the next run repeats them: `make retry SCALE=quick`.

Finished seeds of a failed cell stay and are used. The tables, figures and report go with them: where they stand, a run
would not ask for what they were made of.
"""

import argparse
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.files import read_json
from workflow.cells.errors import told
from workflow.cells.files import FAILED
from workflow.scale import load_scale

PLACES = ("cells/*/*/*/result.json", "pools/*/*/pool.json", "tuning/*/*.json")
MADE_OF_THEM = ("tables/*", "figures/*", "comparison.csv", "report.html")


def take_failed_away(results: Path) -> list[Path]:
    """Remove every failed result below `results/<scale>`, and what shows results; gives the failed ones."""
    files = [file for place in PLACES for file in sorted(results.glob(place))]
    failed = [file for file in files if read_json(file).get("status") == FAILED]
    for file in failed:
        file.unlink()
    for file in [file for place in MADE_OF_THEM if failed for file in results.glob(place)]:
        file.unlink()
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    with told():
        removed = take_failed_away(load_scale(parser.parse_args().scale_file).results)
    print(*removed, f"{len(removed)} failed results taken away; run again to repeat them", sep="\n")


if __name__ == "__main__":
    start(main)
