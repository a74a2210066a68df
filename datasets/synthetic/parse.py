"""The demo's data: nothing is read, everything is drawn."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.synthetic.generate import World, generate


def parse(files: Mapping[str, Path]) -> Parsed:
    """The synthetic data with its truth (datasets/synthetic/truth.py)."""
    return generate(World())
