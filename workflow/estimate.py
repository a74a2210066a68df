"""A scale planned on paper, from cells that were measured at any scale, here or as published: `make plan SCALE=paper`.

Training is taken to cost (trained pairs) x (items of the catalogue and a constant), as the full softmax does, with the
mean rate of the measured seeds of the same method on the same kind of device, their epochs included; a pool likewise.
Files grow with what they hold, pools with the interactions of their data. A rough figure, good for asking for machine
time. The variants of a data set are one row.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tabulate import tabulate

from datasets.pipeline.card import card
from datasets.pipeline.command import start
from datasets.pipeline.split_name import SplitName
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.files import DAMAGED, DONE, intact, pool_seed_file
from workflow.cells.pools import pools
from workflow.cells.settings import known_cards, treatment_method
from workflow.scale import Scale, load_scale

BESIDE_SOFTMAX = 2000  # what a pair costs besides the scores of all items, in items: state, attention, bookkeeping


@dataclass(frozen=True)
class Size:
    users: int
    items: int
    interactions: int

    @property
    def work(self) -> float:
        """Of one epoch, in pairs x items."""
        return float(self.interactions) * (self.items + BESIDE_SOFTMAX)


@dataclass(frozen=True)
class Measured:
    """One seed of a cell, or of a pool, that was run. kind: its method, or what was done with it by which treatment;
    bytes: of a pool's file."""

    kind: str
    device: str
    size: Size
    seconds: float
    bytes: int = 0


def size_of(dataset: str, results: Path) -> Size | None:
    """Counts of a prepared data set at any scale, or of another variant of it, else those that were published or that a
    paper prints. None where nobody has counted it."""
    about = card(dataset)
    names = (dataset, f"{about.base}*")
    prepared = [file for name in names for file in sorted(results.glob(f"*/data/{name}/data.json"))]
    known = [found["counts"] for file in prepared if (found := intact(file))]
    published = [intact(file) or {} for file in sorted(results.glob("published/*/data.json"))]
    known += [found[name]["data"]["counts"] for found in published for name in (dataset, about.base) if name in found]
    for counts in (*known[:1], *about.printed.values()):
        return Size(counts["users"], counts["items"], counts["interactions"])
    return None


def measured(results: Path) -> Iterator[Measured]:
    """Every finished seed below `results`, of all scales, the published ones included."""
    sizes = cache(lambda dataset: size_of(dataset, results))
    cells = "cells/*/*/*/result.json"
    for file in sorted([*results.glob(f"*/{cells}"), *results.glob(f"published/*/{cells}")]):
        content = intact(file) or DAMAGED
        size = sizes(SplitName.of(file.parts[-3]).dataset)
        if content["status"] != DONE or size is None:
            continue
        for seed in content["seeds"].values():
            seconds = seed["train_seconds"] + seed["rank_seconds"]
            if seconds > 0:
                device = content["provenance"]["device"]
                yield Measured(kind(content["cell"]["anchor"], content["cell"]["treatment"]), device, size, seconds)
    for file in sorted(results.glob("*/pools/*/*/*/pool.json")):
        content = intact(file) or DAMAGED
        size = sizes(SplitName.of(file.parts[-3]).dataset)
        if content["status"] == DONE and size is not None:
            for number, seed in content["seeds"].items():
                drawn, device = pool_seed_file(file.parent, int(number)), content["provenance"]["device"]
                held = drawn.stat().st_size if drawn.is_file() else 0
                yield Measured(kind_of_pool(content["treatment"]), device, size, seed["seconds"], held)


def kind(anchor: str, treatment: str) -> str:
    return f"{anchor}, treated by {treatment_method(treatment)[0]}" if treatment else anchor


def kind_of_pool(treatment: str) -> str:
    return f"pool of {treatment_method(treatment)[0]}"


def rates(found: list[Measured]) -> dict[tuple[str, str], float]:
    """Seconds of a seed for each pair x item of its data, by kind and device."""
    seconds, work = defaultdict(float), defaultdict(float)
    for one in found:
        seconds[one.kind, one.device] += one.seconds
        work[one.kind, one.device] += one.size.work
    return {key: seconds[key] / work[key] for key in seconds}


def pool_bytes(found: list[Measured]) -> dict[str, float]:
    """Bytes of a pool's seed for each interaction of its data, by kind."""
    held, interactions = defaultdict(int), defaultdict(int)
    for one in (one for one in found if one.bytes):
        held[one.kind] += one.bytes
        interactions[one.kind] += one.size.interactions
    return {key: held[key] / interactions[key] for key in held}


def plan(scale: Scale, results: Path) -> str:
    """A table: for each data set its cells, seeds, hours on each measured device, and storage."""
    found = list(measured(results))
    known, bytes_of = rates(found), pool_bytes(found)
    devices = sorted({device for _, device in known})
    rows, unknown = [], set()
    every, drawn = list(graph.all_cells(scale).values()), list(pools(scale).values())
    found_sizes = {dataset: size_of(dataset, results) for dataset in sorted({cell.dataset for cell in every})}
    uncounted = sorted({card(dataset).base for dataset, size in found_sizes.items() if size is None})
    sizes = {dataset: size or Size(0, 0, 0) for dataset, size in found_sizes.items()}
    for base in sorted({card(cell.dataset).base for cell in every}):
        cells = [cell for cell in every if card(cell.dataset).base == base]
        own = [pool for pool in drawn if card(pool.cell.dataset).base == base]
        jobs = [(kind(cell.anchor, cell.treatment), len(runs(scale, cell)), sizes[cell.dataset]) for cell in cells]
        jobs += [(kind_of_pool(pool.cell.treatment), len(pool.seeds), sizes[pool.cell.dataset]) for pool in own]
        seconds = []
        for device in devices:
            unknown |= {(name, device) for name, _, _ in jobs if (name, device) not in known}
            seconds.append(sum(count * known.get((name, device), 0.0) * size.work for name, count, size in jobs))
        seeds = sum(len(graph.seeds_of(scale, cell)) for cell in cells)
        held = sum(cell_bytes(scale, cell, sizes[cell.dataset]) for cell in cells)
        held += sum(bytes_of.get(name, 0.0) * count * size.interactions for name, count, size in jobs)
        rows.append([base, len(cells), seeds, len(own), *seconds, round(held / 2**30, 2)])
    total = ["all", *(round(sum(row[place] for row in rows), 2) for place in range(1, len(rows[0])))]
    heads = ["data set", "cells", "seeds", "pools", *(f"time, {device}" for device in devices), "GiB"]
    shown = [[*row[:4], *map(duration, row[4:-1]), row[-1]] for row in (*rows, total)]
    lines = [f"Scale '{scale.name}' on paper", "", tabulate(shown, headers=heads)]
    if uncounted:
        names = ", ".join(uncounted)
        lines.append(f"Nobody has counted {names} yet, so that its cells count as nothing: prepare the data first")
    if not devices:
        lines.append("No cell was measured yet: run another scale first (make demo).")
    lines += [f"Not measured, counted as nothing: {name} on {device}" for name, device in sorted(unknown)]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """`3.4 h`, `12 min`, `40 s`: what one would say."""
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def runs(scale: Scale, cell: Cell) -> range:
    """Trainings of a cell: one for each seed, and its trials if it is the cell that is searched."""
    searched = cell == graph.tuned_for(scale, cell) and graph.tuning_file(scale, cell)
    return range(len(graph.seeds_of(scale, cell)) + (scale.tuning.budget if searched else 0))


def cell_bytes(scale: Scale, cell: Cell, size: Size) -> int:
    """Ranks (two targets a user, eight columns) and weights (twice the embeddings) of all seeds."""
    ranks, weights = size.users * 2 * 8 * 4, 0
    if graph.keeps_weights(cell):
        vectors = size.items + (size.users if known_cards()[cell.anchor].family == "general" else 0)
        weights = vectors * graph.all_settings(scale, cell)["anchor"].get("embedding", 0) * 4 * 2
    return len(graph.seeds_of(scale, cell)) * (ranks + weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--measured", type=Path, default=Path("results"), help="folder of the scales that were run")
    options = parser.parse_args()
    with told():
        print(plan(load_scale(options.scale_file), options.measured))


if __name__ == "__main__":
    start(main)
