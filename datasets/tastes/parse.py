"""Lists of a world in which tastes differ: nothing is read, everything is drawn."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from datasets.cpr_synthetic.truth import AXES
from datasets.pipeline.parsed import Parsed
from datasets.tastes.generate import World, generate


def parse(files: Mapping[str, Path], variant: Mapping[str, int]) -> Parsed:
    """Every list, what was chosen in the order shown, and the truth."""
    lists, truth = generate(World(**variant))
    chosen = lists.choices().drop(columns="list")
    return Parsed(chosen, lists=lists, arrays={"truth": asdict(truth)}, axes={"truth": AXES})
