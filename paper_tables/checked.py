"""Whether a result is one: what it says can be, and its ranks are those that its metrics were made of."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from datasets.pipeline.files import unchanged
from methods.evaluation.ranks import disproved, read_ranks

DONE, FAILED = "done", "failed"
OTHER_VIEWS = ("accepted", "episodes")  # whose metrics are not all fractions


def result_fault(content: Mapping) -> str:
    """What a result.json says of its seeds that cannot be; empty where nothing is."""
    status, seeds = content.get("status"), content.get("seeds", {})
    if status not in (DONE, FAILED):
        return f"status is {status!r}, not done or failed"
    if not isinstance(seeds, dict) or not all(seed.isdecimal() and isinstance(of, dict) for seed, of in seeds.items()):
        return "seeds are not numbers with what each left"
    if status == DONE and not seeds:
        return "done without a seed"
    for seed, of in seeds.items():
        for name, value in _leaves([of.get("metrics", "nothing"), of.get("groups", {})]):
            # a bool is a number to Python
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                return f"seed {seed}: a metric{name} is {value!r}, not a number"
            if not 0 <= value <= 1 and not any(f" {view} " in name for view in OTHER_VIEWS):
                return f"seed {seed}: a metric{name} is {value!r}, not a fraction"
    return ""


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each, name)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{name} {key}")
    else:
        yield name, value


def ranks_fault(folder: Path, content: Mapping, recomputed: bool = False) -> str:
    """Ranks must be those that the metrics were made of: by their checksum, of an older result by the metrics, which
    takes as long as all else that a table does; of any result, if `recomputed`."""
    for seed, of in content.get("seeds", {}).items():
        file = folder / f"seed-{seed}.ranks.parquet"
        if file.is_file():
            unchanged(file, of)
            known = file.name in of.get("contents", {}) and not recomputed
            if not known and (fault := disproved(of["metrics"], read_ranks(file))):
                return f"seed {seed}: {fault}"
    return ""
