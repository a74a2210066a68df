"""What follows a job that ended with an error: another attempt, or a result that says why there is none.

The workflow calls it with the job's exit code. It ends with that code where an attempt with more memory and time may
help, so that the job is repeated; else it writes `"status": "failed"` with the reason and ends well, so that all other
cells and the tables are still made, and show it. `make retry` takes failed results away again.
"""

import argparse
import re
import signal
import sys
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.files import write_json
from workflow import progress
from workflow.cells import graph
from workflow.cells.errors import NO_RETRY
from workflow.cells.files import FAILED, intact, seed_file
from workflow.scale import load_scale

# Somebody ended the run: nothing is wrong with the job.
STOPPED = {128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGHUP}
KILLED = 128 + signal.SIGKILL
# How Python, NumPy, Arrow and torch, on a CPU and on a card, say in a log that there was no memory.
NO_MEMORY = re.compile(
    r"MemoryError|Unable to allocate|ArrowMemoryError|malloc of size|can't allocate memory|OutOfMemoryError"
)


def another_attempt(code: int, attempt: int, attempts: int) -> bool:
    """Whether the workflow should see an error: to try again, or because the run was stopped."""
    return code in STOPPED or (code != NO_RETRY and attempt < attempts)


def reason(code: int, log: Path) -> str:
    """One line for the tables: the message at the end of the log, or what killed the job, and what to do for want of
    memory."""
    if code == KILLED:
        return f"killed, most likely for want of memory: {more_memory(on_card=False)}; see {log}"
    said = "" if code > 128 else " ".join(message(log).split())
    if NO_MEMORY.search(said):
        return f"want of memory: {said[:200]}: {more_memory('CUDA' in said)}; see {log}"
    return said[:500] or f"ended with code {code}; see {log}"


def message(log: Path) -> str:
    """What a log has for a person: all that follows its last "error: ", else its last line."""
    text = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
    _, mark, said = f"\n{text}".rpartition("\nerror: ")
    return said if mark else text.rpartition("\n")[2].strip()


def more_memory(on_card: bool) -> str:
    """What a reader can do about it."""
    if on_card:
        return "let fewer jobs share a card (slots_per_gpu in the scale's file), or set a smaller batch"
    return "run fewer jobs at once (--cores), on a cluster ask for more (memory_mb in the scale's file)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--cell", help="<paper>/<split>/<name>, where the job was a cell's")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--code", type=int, required=True)
    parser.add_argument("--attempt", type=int, required=True)
    parser.add_argument("--attempts", type=int, required=True)
    options = parser.parse_args()
    if another_attempt(options.code, options.attempt, options.attempts):
        sys.exit(options.code)
    result = {"status": FAILED, "reason": reason(options.code, options.log)}
    scale = load_scale(options.scale_file)
    cell = options.cell and graph.find_cell(scale, options.cell)
    if cell:
        seeds = graph.seeds_of(scale, cell)
        files = {str(seed): seed_file(cell.folder(scale.results), seed) for seed in seeds}
        result["cell"] = graph.about(scale, cell)
        result["seeds"] = {seed: found for seed, file in files.items() if (found := intact(file, sealed=True))}
    write_json(options.output, result)
    if cell:
        progress.report(scale, cell, result)
    else:
        progress.announce(f"failed: {options.output}: {result['reason']}")


if __name__ == "__main__":
    start(main)
