"""Run one cell with all its seeds: `python -m workflow.cells.run --scale-file … --cell casr/lastfm.loo/narm`

Each finished seed is kept, so that a retry or a resumed run trains only what is missing.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.files import alone, healing, read_json, sha256, write_json
from methods.evaluation.ranks import disproved, read_ranks
from paper_tables.cell import Cell
from workflow import progress
from workflow.cells import graph, provenance
from workflow.cells.errors import told
from workflow.cells.files import DONE, built_on, finished, made, ranks_file, seed_file, tuned_settings
from workflow.cells.pools import pool_of
from workflow.cells.seeds import Job, run_seed, say
from workflow.cells.steps import device_name, load_training_data, prepare_torch
from workflow.scale import Scale, load_scale


def run_cell(scale: Scale, cell: Cell) -> dict:
    """Train, rank and write every seed that is not finished yet; then `result.json`, which is returned."""
    device = prepare_torch(scale.threads)
    split_folder = scale.results / "splits" / cell.split
    folder = cell.folder(scale.results)
    about_split = about_world(cell) if graph.is_agent(cell) else read_json(split_folder / "split.json")
    code = graph.code_of(cell)
    settings = graph.all_settings(scale, cell, tuned_settings(scale, cell, *graph.pretrained_cells(cell)))
    job, seeds = None, {}
    with alone(folder):
        for seed in graph.seeds_of(scale, cell):
            file = seed_file(folder, seed)
            made_of = [code, settings, about_split["digest"], seed, upstream(scale, cell, seed), *scale.sharing]
            digest = provenance.digest(made_of)
            found = as_ranked(finished(file, digest), ranks_file(folder, seed))
            if found is None:
                say(f"{cell.identifier}, seed {seed}, on {device}")
                data = None if graph.is_agent(cell) else load_training_data(split_folder)
                job = job or Job(scale, cell, settings, data, device)
                file.unlink(missing_ok=True)  # an outdated one must not stand beside new ranks and weights
                found = {**step_of(cell)(job, seed), "contents": made(folder, seed), "digest": digest}
                write_json(file, found)
            seeds[str(seed)] = found
        result = {
            "status": DONE,
            "reason": "",
            "cell": graph.about(scale, cell),
            "settings": settings,
            "pool": pool.name if (pool := pool_of(scale, cell)) else "",
            "digest": provenance.digest([found["digest"] for found in seeds.values()]),
            "seeds": seeds,
            "provenance": {**provenance.record(code, scale.threads, device_name(device)), "split": about_split},
        }
        write_json(graph.result_file(scale, cell), result)
        drop_scores(cell, folder)
    return result


def drop_scores(cell: Cell, folder: Path) -> None:
    """A program's scores are large, and the ranks hold all that is read of them. They are written anew before the cell
    is made again."""
    if graph.is_external(cell):
        for file in folder.glob("*.scores.csv"):
            file.unlink()


def step_of(cell: Cell) -> Callable[[Job, int], dict]:
    """What makes a seed. Only agents load the library of environments."""
    if not graph.is_agent(cell):
        return run_seed
    from workflow.cells.worlds import acted

    return acted


def about_world(cell: Cell) -> dict:
    """What stands for the record of a split where an agent acts in a world: that is made anew, and holds no rows."""
    digest = graph.world_digest(cell.dataset)
    names = {"name": cell.split, "dataset": cell.dataset, "protocol": "episodes"}
    return {**names, "digest": digest, "data_digest": digest, "users": 0, "items": 0, "verified": True}


def as_ranked(found: dict | None, ranks: Path) -> dict | None:
    """What a finished seed left, unless its ranks give other metrics, whatever its checksum: then it is made again."""
    return None if found and ranks.is_file() and disproved(found["metrics"], read_ranks(ranks)) else found


def upstream(scale: Scale, cell: Cell, seed: int) -> list[str]:
    """How the things were made that this seed builds on."""
    folders = {other.name: other.folder(scale.results) for other in graph.prerequisites(cell)}
    if pool := pool_of(scale, cell):
        folders[f"the pool {pool.name}"] = pool.folder(scale.results)
    digests = [built_on(folder, seed, name)["digest"] for name, folder in folders.items()]
    if graph.is_external(cell):
        digests.append(sha256(*sorted(cell.folder(scale.results).glob("*.csv"))))
    return digests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--cell", required=True, help="<paper>/<split>/<name>")
    options = parser.parse_args()
    with told(), healing():
        scale = load_scale(options.scale_file)
        cell = graph.find_cell(scale, options.cell)
        progress.announce(f"{cell.name} on {cell.split}")
        result = run_cell(scale, cell)
    progress.report(scale, cell, result)


if __name__ == "__main__":
    start(main)
