"""Draw one pool for all its seeds: `python -m workflow.cells.pool --scale-file … --split … --pool stamp.casr-d`

Knows training histories only: neither a validation nor a test item is read.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from methods.engine.split import Split, load_split
from workflow import progress
from workflow.cells import augment, graph, provenance
from workflow.cells.errors import told
from workflow.cells.files import DONE, alone, built_on, finished, pool_file, seed_file, tuned_settings, weights_file
from workflow.cells.settings import treatment_method
from workflow.cells.steps import device_name, load_weights, prepare_torch
from workflow.scale import Scale, load_scale


def draw(scale: Scale, pool: graph.Pool) -> None:
    """Write every seed's pool that is not there yet, then `pool.json`."""
    device = prepare_torch(scale.threads)
    folder, split_folder = pool.folder(scale.results), scale.results / "splits" / pool.cell.split
    settings = graph.generation(scale, pool, tuned_settings(scale, pool.cell, *graph.pretrained(pool.cell)))
    recipe = [graph.code_of_pool(pool), settings, read_json(split_folder / "split.json")["digest"]]
    split, seeds = None, {}
    with alone(folder):
        for seed in pool.seeds:
            models = {other.name: other.folder(scale.results) for other in graph.drawn_with(pool.cell)}
            before = [built_on(at, seed, name)["digest"] for name, at in models.items()]
            digest = provenance.digest([recipe, seed, before])
            found = finished(seed_file(folder, seed), digest)
            if found is None:
                split = split or load_split(split_folder)
                seed_file(folder, seed).unlink(missing_ok=True)  # an outdated one must not stand beside new sequences
                begun = time.perf_counter()
                sequences = generate(pool, settings, split, models, seed, device)
                augment.write(sequences, pool_file(folder, seed))
                found = {
                    "digest": digest,
                    "sequences": len(sequences),
                    "seconds": round(time.perf_counter() - begun, 3),
                    "peak_memory_mb": provenance.peak_memory_mb(),
                }
                write_json(seed_file(folder, seed), found)
            seeds[str(seed)] = found
        about = {"status": DONE, "reason": "", "settings": settings, "seeds": seeds}
        about["provenance"] = provenance.record(graph.code_of_pool(pool), scale.threads, device_name(device))
        write_json(folder / "pool.json", about)


def generate(
    pool: graph.Pool, settings: Mapping, split: Split, folders: Mapping[str, Path], seed: int, device: torch.device
) -> augment.Pool:
    """One seed's sequences. folders: of each pretrained model that the generation looks at, by method."""
    models = {
        name: load_weights(name, split, settings[name], weights_file(folder, seed), device)
        for name, folder in folders.items()
    }
    return augment.generate(
        treatment_method(pool.cell.treatment)[1],
        models[pool.cell.sampler],
        models.get(pool.cell.anchor),
        split,
        augment.windows_of(split, {name: settings[name] for name in models}),
        settings["treatment"],
        seed,
        device,
        lambda message: print(f"seed {seed}: {message}", flush=True),
    )


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
