"""L2Aug's world: nothing is read, everything is drawn."""

from collections.abc import Mapping
from pathlib import Path

from datasets.l2aug_world.generate import World, generate
from datasets.pipeline.parsed import Parsed


def parse(files: Mapping[str, Path], variant: Mapping[str, int]) -> Parsed:
    """The world of a variant with its truth (truth.py)."""
    return generate(World(seed=variant["world"], kinds=variant["kinds"], core=variant["core"]))
