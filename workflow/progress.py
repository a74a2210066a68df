"""What runs, how many cells are done, the time left: one line as each cell begins and ends.

A job's own output goes into its log; the workflow gives it the terminal as the file descriptor that WHATIFREC_TERMINAL
names. A command that is typed by hand has its terminal anyway.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from methods.evaluation.selection import Selection
from paper_tables.cell import Cell
from workflow.cells.files import intact
from workflow.cells.graph import all_cells, result_file, seeds_of, selection
from workflow.cells.settings import known_cards
from workflow.scale import Scale

START = 3.0  # seconds until a job has loaded its libraries
LOOKED_AT = 40  # finished cells that an estimate rests on: the latest


def announce(message: str) -> None:
    """Print a line to the terminal, past the log."""
    terminal = os.environ.get("WHATIFREC_TERMINAL")
    if terminal is None:
        print(message, flush=True)
    else:
        os.write(int(terminal), f"{message}\n".encode())


def report(scale: Scale, cell: Cell, result: dict) -> None:
    """Say that a cell has ended, and how far the scale's cells are. Of its values only the validation's is shown: who
    watches a run must not choose by the test."""
    cells = list(all_cells(scale).values())
    done = {each.identifier: file for each in cells if (file := result_file(scale, each)).is_file()}
    line = f"cell {len(done)} of {len(cells)} · {cell.name} on {cell.split}{_value(cell, result)}"
    announce(line + _left(scale, [each for each in cells if each.identifier not in done], done.values()))


def _value(cell: Cell, result: dict) -> str:
    if result["status"] != "done":
        return f" · failed: {result['reason']}"
    reading = "removed" if known_cards()[cell.anchor].exclude_seen else "kept"
    selects, text = Selection.of(selection(cell)), selection(cell)
    name = text.replace(selects.metric, selects.metric.upper())
    values = [selects.of_seed(seed, reading) for seed in result["seeds"].values()]
    return f" · validation {name} {100 * sum(values) / len(values):.2f} %"


def _left(scale: Scale, waiting: list[Cell], finished: Iterable[Path]) -> str:
    """From the mean cost of a seed so far, by kind of cell; jobs side by side as the workflow was given cores."""
    if not waiting:
        return ""
    costs: dict[bool, list[float]] = {True: [], False: []}
    latest = sorted(finished, key=lambda file: file.stat().st_mtime)[-LOOKED_AT:]
    for file in latest:
        content = intact(file)
        if content is None or "cell" not in content:
            continue
        treated = bool(content["cell"]["treatment"])
        costs[treated] += [seed["train_seconds"] + seed["rank_seconds"] for seed in content["seeds"].values()]
    known = [cost for each in costs.values() for cost in each]
    if not known:
        return ""
    seconds = 0.0
    for cell in waiting:
        own = costs[bool(cell.treatment)] or known
        seconds += START + len(seeds_of(scale, cell)) * sum(own) / len(own)
    minutes = seconds / int(os.environ.get("WHATIFREC_JOBS", "1")) / 60
    return f" · about {minutes:.0f} min left" if minutes >= 1 else " · less than a minute left"
