"""A world of `synthetic` with users to learn from, of whom some stay, and others to test on."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.protocols import ONLY_TESTED
from datasets.synthetic.generate import World, generate

MOST, OTHERS = 600, 2000


def parse(files: Mapping[str, Path], variant: Mapping[str, int]) -> Parsed:
    """The first `histories` users, and the others, who are marked as only tested. The truth keeps the noise of those
    who are learnt from: it is what a counterfactual history of theirs asks for, and all of it would be large."""
    drawn, histories = generate(World(seed=variant["world"], users=MOST + OTHERS)), variant["histories"]
    rows, truth = drawn.interactions, drawn.arrays["truth"]
    rows = rows.assign(**{ONLY_TESTED: rows["user"] >= MOST})
    kept = rows[(rows["user"] < histories) | rows[ONLY_TESTED]].reset_index(drop=True)
    # users that are learnt from are numbered first, so that place i of the noise is user i of the prepared data
    axes = {"truth": drawn.axes["truth"] | {"noise": ("history", "step", "item")}}
    return Parsed(kept, drawn.items, arrays={"truth": truth | {"noise": truth["noise"][:histories]}}, axes=axes)
