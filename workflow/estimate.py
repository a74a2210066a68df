"""A scale planned on paper, from cells that were measured at any scale: `make plan SCALE=paper`.

Training is taken to cost (trained pairs) x (items of the catalogue and a constant), as the full softmax does, with the
mean rate of the measured seeds of the same method on the same kind of device, their epochs included; a pool likewise.
Files grow with what they hold. A rough figure, good for asking for machine time.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.files import DONE
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
    """One seed of a cell, or of a pool, that was run. kind: its method, and the treatment if there is one."""

    kind: str
    device: str
    size: Size
    seconds: float


def size_of(dataset: str, results: Path) -> Size:
    """Counts of a prepared data set at any scale, else those that a paper prints. BadInput where there is neither."""
    for file in sorted(results.glob(f"*/data/{dataset}/data.json")):
        counts = read_json(file)["counts"]
        return Size(counts["users"], counts["items"], counts["interactions"])
    for counts in card(dataset).printed.values():
        return Size(counts["users"], counts["items"], counts["interactions"])
    raise BadInput(f"no counts of {dataset} below {results}: prepare it first, e.g. with make run at a small scale")


def measured(results: Path) -> Iterator[Measured]:
    """Every finished seed below `results`, of all scales."""
    for file in sorted(results.glob("*/cells/*/*/*/result.json")):
        content = read_json(file)
        size = size_of(file.parts[-3].split(".")[0], results)
        if content["status"] != DONE:
            continue
        for seed in content["seeds"].values():
            seconds = seed["train_seconds"] + seed["rank_seconds"]
            if seconds > 0:
                device = content["provenance"]["device"]
                yield Measured(kind(content["cell"]["anchor"], content["cell"]["treatment"]), device, size, seconds)
    for file in sorted(results.glob("*/pools/*/*/pool.json")):
        content = read_json(file)
        size = size_of(file.parts[-3].split(".")[0], results)
        if content["status"] == DONE:
            for seed in content["seeds"].values():
                yield Measured("pool", content["provenance"]["device"], size, seed["seconds"])


def kind(anchor: str, treatment: str) -> str:
    return f"{anchor}, treated" if treatment else anchor


def rates(found: list[Measured]) -> dict[tuple[str, str], float]:
    """Seconds of a seed for each pair x item of its data, by kind and device."""
    seconds, work = defaultdict(float), defaultdict(float)
    for one in found:
        seconds[one.kind, one.device] += one.seconds
        work[one.kind, one.device] += one.size.work
    return {key: seconds[key] / work[key] for key in seconds}


def plan(scale: Scale, results: Path) -> str:
    """A table: for each data set its cells, seeds, hours on each measured device, and storage."""
    known = rates(list(measured(results)))
    devices = sorted({device for _, device in known})
    rows, unknown = [], set()
    for dataset in sorted({cell.dataset for cell in graph.all_cells(scale).values()}):
        cells = [cell for cell in graph.all_cells(scale).values() if cell.dataset == dataset]
        pools = [pool for pool in graph.pools(scale).values() if pool.cell.dataset == dataset]
        size = size_of(dataset, results)
        jobs = [(kind(cell.anchor, cell.treatment), len(runs(scale, cell))) for cell in cells]
        jobs += [("pool", len(pool.seeds)) for pool in pools]
        hours = []
        for device in devices:
            unknown |= {(name, device) for name, _ in jobs if (name, device) not in known}
            seconds = sum(count * known.get((name, device), 0.0) * size.work for name, count in jobs)
            hours.append(round(seconds / 3600, 1))
        seeds = sum(len(graph.seeds_of(scale, cell)) for cell in cells)
        rows.append([dataset, len(cells), seeds, len(pools), *hours, round(storage(cells, pools, scale, size), 2)])
    total = ["all", *(round(sum(row[place] for row in rows), 2) for place in range(1, len(rows[0])))]
    heads = ["data set", "cells", "seeds", "pools", *(f"hours, {device}" for device in devices), "GiB"]
    lines = [f"Scale '{scale.name}' on paper", "", tabulate([*rows, total], headers=heads)]
    if not devices:
        lines.append("No cell was measured yet: run another scale first (make demo).")
    lines += [f"Not measured, counted as nothing: {name} on {device}" for name, device in sorted(unknown)]
    return "\n".join(lines)


def runs(scale: Scale, cell: Cell) -> range:
    """Trainings of a cell: one for each seed, and its trials if it is the cell that is searched."""
    searched = cell == graph.main_cell(cell) and graph.tuning_file(scale, cell)
    return range(len(graph.seeds_of(scale, cell)) + (scale.tuning.budget if searched else 0))


def storage(cells: list[Cell], pools: list[graph.Pool], scale: Scale, size: Size) -> float:
    """GiB of ranks (two targets a user, six columns), weights (the embedding and as much again) and pools."""
    seeds = [len(graph.seeds_of(scale, cell)) for cell in cells]
    ranks = sum(seeds) * size.users * 2 * 6 * 4
    weights = 0
    for cell, count in zip(cells, seeds, strict=True):
        if graph.keeps_weights(cell):
            weights += count * size.items * graph.all_settings(scale, cell)["anchor"].get("embedding", 0) * 4 * 2
    held = sum(
        len(pool.seeds) * pool.share * pool.rounds * size.interactions * (80 + virtual_bytes(pool, scale))
        for pool in pools
    )
    return (ranks + weights + held) / 2**30


def virtual_bytes(pool: graph.Pool, scale: Scale) -> int:
    """Bytes of a virtual item, where the strategy makes one."""
    virtual = pool.cell.treatment in graph.ANCHOR_IN_POOL
    return 4 * graph.all_settings(scale, pool.cell)["anchor"].get("embedding", 0) if virtual else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--measured", type=Path, default=Path("results"), help="folder of the scales that were run")
    options = parser.parse_args()
    with told():
        print(plan(load_scale(options.scale_file), options.measured))


if __name__ == "__main__":
    main()
