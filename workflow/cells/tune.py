"""Search settings of one cell on validation data.

python -m workflow.cells.tune --scale-file … --cell casr/lastfm.loo/narm

The grid is that of the method's card, the number of trials the scale's budget, the same for a baseline and a proposal:
the first trial takes the settings as they are, the others are drawn from the grid without repetition. No test item is
read. Every trial is saved when it ends; a search that was interrupted goes on where it was.
"""

import argparse
import itertools
import random
import time
from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import alone, healing, read_json, write_json
from paper_tables.cell import Cell
from workflow import progress
from workflow.cells import graph, provenance
from workflow.cells.errors import told
from workflow.cells.files import DONE, intact, tuned_settings
from workflow.cells.steps import device_name, load_training_data, prepare_torch
from workflow.cells.trials import Search, validation_value
from workflow.scale import Scale, load_scale


def candidates(grid: Mapping[str, tuple], now: Mapping, budget: int, seed: int) -> list[dict]:
    """At most `budget` settings: those of `now` first, then points of the grid in random order, each once."""
    first = {key: now[key] for key in grid}
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    others = [point for point in points if point != first]
    return [first, *random.Random(seed).sample(others, min(budget - 1, len(others)))]


def tune(scale: Scale, cell: Cell) -> dict:
    """Run the trials that are missing and write the file of tuned settings, which is returned."""
    device = prepare_torch(scale.threads)
    output, split_folder = graph.tuning_file(scale, cell), scale.results / "splits" / cell.split
    if output is None:
        raise BadInput(f"{scale.file}: nothing is searched for {cell.name}: no key tuning, or no search in its card")
    settings = graph.all_settings(scale, cell, tuned_settings(scale, *graph.pretrained_cells(cell)))
    role, grid = "treatment" if cell.treatment else "anchor", graph.grid(cell)
    seed = graph.seeds_of(scale, cell)[0]
    about_split = read_json(split_folder / "split.json")
    recipe = [graph.code_of(cell, searched=True), settings, about_split["digest"], seed, *scale.sharing]
    search = None
    with alone(output.with_suffix("")):
        trials_file = output.with_suffix("") / "trials.json"
        trials = intact(trials_file, sealed=True) or {}
        chosen_points = candidates(grid, settings[role], scale.tuning.budget, scale.tuning.seed)
        for number, point in enumerate(chosen_points, 1):
            key = provenance.digest([recipe, point])
            if key not in trials:
                search = search or Search(scale, cell, load_training_data(split_folder), seed, device)
                begun = time.perf_counter()
                value, reason = attempt(search, {**settings, role: {**settings[role], **point}})
                seconds = round(time.perf_counter() - begun, 3)
                trials[key] = {"settings": point, "validation": value, "reason": reason, "seconds": seconds}
                write_json(trials_file, trials)
            print(f"trial {number} of {len(chosen_points)}: {point}: {trials[key]['validation']}", flush=True)
        made = [trials[provenance.digest([recipe, point])] for point in chosen_points]
        result = {
            "status": DONE,
            "reason": "",
            "chosen": best(made, cell),
            "selection": graph.selection(cell),
            "grid": grid,
            "budget": scale.tuning.budget,
            "seed": seed,
            "trials": made,
            "seconds": round(sum(trial["seconds"] for trial in made), 3),
            "provenance": provenance.record(recipe[0], scale.threads, device_name(device)),
        }
        write_json(output, result)
    return result


def attempt(search: Search, settings: Mapping) -> tuple[float | None, str]:
    """A trial that diverges is a trial like any other, without a value."""
    try:
        return validation_value(search, settings), ""
    except FloatingPointError as error:
        return None, str(error)


def best(trials: list[dict], cell: Cell) -> dict:
    """The settings of the highest validation value, of equal ones the first: ties keep the settings as they are."""
    valued = [trial for trial in trials if trial["validation"] is not None]
    if not valued:
        raise FloatingPointError(f"no trial of {cell.identifier} gave a finite result; look at the grid in its card")
    return max(valued, key=lambda trial: trial["validation"])["settings"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--cell", required=True, help="<paper>/<split>/<name>, without a variant")
    options = parser.parse_args()
    with told(), healing():
        scale = load_scale(options.scale_file)
        cell = graph.searched_cell(scale, options.cell)
        progress.announce(f"search for {cell.name} on {cell.split}")
        tune(scale, cell)


if __name__ == "__main__":
    start(main)
