"""CPR's synthetic lists: nothing is read, everything is drawn."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from datasets.cpr_synthetic.generate import World, generate
from datasets.pipeline.lists import Lists
from datasets.pipeline.parsed import Parsed


def parse(files: Mapping[str, Path], variant: Mapping[str, str | float]) -> Parsed:
    """What was chosen, in the order shown, and the truth as arrays.

    The truth counts users and items as the generator does. A user who takes nothing is in no interaction: the places
    of the prepared users and items within the truth are their `original` numbers.
    """
    lists, truth = generate(World(**variant))
    return Parsed(lists.choices().drop(columns="list"), arrays={"truth": asdict(truth)})


def parse_lists(files: Mapping[str, Path], variant: Mapping[str, str | float]) -> Lists:
    """Every list, with the identifiers of `parse`."""
    return generate(World(**variant))[0]
