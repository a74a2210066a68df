"""CPR's synthetic lists: nothing is read, everything is drawn."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from datasets.cpr_synthetic.generate import World, generate
from datasets.cpr_synthetic.truth import AXES
from datasets.pipeline.parsed import Parsed


def parse(files: Mapping[str, Path], variant: Mapping[str, str | float]) -> Parsed:
    """Every list, what was chosen in the order shown, and the truth (datasets/cpr_synthetic/truth.py). variant: the
    fields of `World` that the data set's name says."""
    lists, truth = generate(World(**variant))
    chosen = lists.choices().drop(columns="list")
    return Parsed(chosen, lists=lists, arrays={"truth": asdict(truth)}, axes={"truth": AXES})
