"""Draw one pool for all its seeds: `python -m workflow.cells.pool --scale-file … --split lastfm.loo --pool stamp.casr-d`

Knows training histories only: neither a validation nor a test item is read.
"""

import argparse
import time
from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from methods.engine.split import load_split
from workflow import progress
from workflow.cells import augment, graph, provenance
from workflow.cells.errors import told
from workflow.cells.files import (
    DONE,
    alone,
    built_on,
    finished,
    pool_file,
    seed_file,
    tuned_settings,
    weights_file,
)
from workflow.cells.settings import treatment_method
from workflow.cells.steps import load_weights, prepare_torch
from workflow.scale import Scale, load_scale


def draw(scale: Scale, pool: graph.Pool) -> None:
    """Write every seed's pool that is not there yet, then `pool.json`."""
    device = prepare_torch(scale.threads)
    folder, split_folder = pool.folder(scale.results), scale.results / "splits" / pool.cell.split
    settings = graph.all_settings(scale, pool.cell, tuned_settings(scale, pool.cell))
    settings["treatment"] = graph.pool_settings(pool, settings["treatment"])
    recipe = [graph.code_of_pool(pool), relevant(pool, settings), read_json(split_folder / "split.json")["digest"]]
    with alone(folder):
        split, seeds = None, {}
        for seed in pool.seeds:
            models = {other.anchor: other.folder(scale.results) for other in graph.drawn_with(pool.cell)}
            before = [built_on(model, seed, name)["digest"] for name, model in models.items()]
            digest = provenance.digest([recipe, seed, before])
            found = finished(seed_file(folder, seed), digest)
            if found is None:
                split = split or load_split(split_folder)
                begun = time.perf_counter()
                loaded = {
                    name: load_weights(name, split, _settings_of(pool, settings, name), weights_file(model, seed), device)
                    for name, model in models.items()
                }
                drawn = augment.generate(
                    treatment_method(pool.cell.treatment)[1],
                    loaded[pool.cell.sampler],
                    loaded.get(pool.cell.anchor),
                    split,
                    augment.windows_of(split, {name: _settings_of(pool, settings, name) for name in models}),
                    settings["treatment"],
                    seed,
                    device,
                    lambda message, seed=seed: print(f"seed {seed}: {message}", flush=True),
                )
                augment.write(drawn, pool_file(folder, seed))
                seconds = round(time.perf_counter() - begun, 3)
                memory = provenance.peak_memory_mb()
                found = {"digest": digest, "sequences": len(drawn), "seconds": seconds, "peak_memory_mb": memory}
                write_json(seed_file(folder, seed), found)
            seeds[str(seed)] = found
        about = {"status": DONE, "reason": "", "settings": settings, "seeds": seeds}
        about["provenance"] = provenance.record(graph.code_of_pool(pool), scale.threads)
        write_json(folder / "pool.json", about)


def _settings_of(pool: graph.Pool, settings: dict, name: str) -> dict:
    return settings["sampler"] if name == pool.cell.sampler else settings["anchor"]


def relevant(pool: graph.Pool, settings: dict) -> dict:
    """The settings that change what is generated, so that another kappa draws nothing again."""
    treatment = settings["treatment"]
    names = [name for name in (*graph.GENERATION, "share", "rounds") if name in treatment]
    models = {other.anchor: _settings_of(pool, settings, other.anchor) for other in graph.drawn_with(pool.cell)}
    return {"treatment": {name: treatment[name] for name in names}, **models}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--split", required=True)
    parser.add_argument("--pool", required=True)
    options = parser.parse_args()
    with told():
        scale = load_scale(options.scale_file)
        pool = graph.pools(scale).get((options.split, options.pool))
        if pool is None:
            raise BadInput(f"{options.scale_file}: no pool '{options.pool}' on {options.split} at this scale")
        progress.announce(f"pool {pool.name} on {pool.cell.split}")
        draw(scale, pool)


if __name__ == "__main__":
    main()
