"""Draw one pool for all its seeds: `python -m workflow.cells.pool --scale-file … --pool casr/lastfm.loo/stamp.casr-d`

Knows training data only: neither a validation nor a test item is read, but for an oracle, which withholds them.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.files import alone, healing, read_json, write_json
from methods.engine.data.split import load_split
from workflow import progress
from workflow.cells import provenance
from workflow.cells.augment import generate, treatment_module
from workflow.cells.errors import told
from workflow.cells.files import DONE, built_on, finished, made, pool_seed_file, seed_file, tuned_settings
from workflow.cells.pools import Pool, code_of_pool, drawn_with, find_pool, generation, tuned_with
from workflow.cells.settings import treatment_card
from workflow.cells.steps import device_name, prepare_torch
from workflow.cells.truth import truth_digest
from workflow.scale import Scale, load_scale


def draw(scale: Scale, pool: Pool) -> None:
    """Write every seed's pool that is not there yet, then `pool.json`."""
    device = prepare_torch(scale.threads)
    folder, split_folder = pool.folder(scale.results), scale.results / "splits" / pool.cell.split
    settings = generation(scale, pool, tuned_settings(scale, *tuned_with(scale, pool)))
    recipe = [code_of_pool(pool), settings, read_json(split_folder / "split.json")["digest"], *scale.sharing]
    if treatment_card(pool.cell).sees_truth:
        recipe.append(truth_digest(scale.results / "data" / pool.cell.dataset))
    treatment, split, seeds = treatment_module(pool.cell), None, {}
    with alone(folder):
        for seed in pool.seeds:
            models = {other.name: other.folder(scale.results) for other in drawn_with(pool.cell).values()}
            before = [built_on(at, seed, name)["digest"] for name, at in models.items()]
            digest = provenance.digest([recipe, seed, before])
            found = finished(seed_file(folder, seed), digest)
            if found is None:
                split = split or load_split(split_folder)
                seed_file(folder, seed).unlink(missing_ok=True)  # an outdated one must not stand beside a new pool
                begun = time.perf_counter()
                drawn = generate(scale, pool.cell, split, settings, seed, device, _said(seed))
                treatment.save(drawn, pool_seed_file(folder, seed))
                found = {
                    "digest": digest,
                    **treatment.counts(drawn),
                    "contents": made(folder, seed),
                    "seconds": round(time.perf_counter() - begun, 3),
                    "peak_memory_mb": provenance.peak_memory_mb(),
                }
                write_json(seed_file(folder, seed), found)
            seeds[str(seed)] = found
        about = {"status": DONE, "reason": "", "treatment": pool.cell.treatment, "settings": settings, "seeds": seeds}
        about["provenance"] = provenance.record(code_of_pool(pool), scale.threads, device_name(device))
        write_json(folder / "pool.json", about)


def _said(seed: int) -> Callable[[str], None]:
    return lambda message: print(f"seed {seed}: {message}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--pool", required=True, help="<paper>/<split>/<name>")
    options = parser.parse_args()
    with told(), healing():
        scale = load_scale(options.scale_file)
        pool = find_pool(scale, options.pool)
        progress.announce(f"pool {pool.name} on {pool.cell.split}")
        draw(scale, pool)


if __name__ == "__main__":
    start(main)
