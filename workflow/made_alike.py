"""Whether results of elsewhere were made as this project would make them, and as what is here was made: in words."""

from collections.abc import Iterator, Mapping

from datasets.pipeline.files import read_json
from paper_tables.cell import Cell
from workflow.cells import graph
from workflow.cells.files import intact, tuned_settings
from workflow.scale import Scale


def disagreements(scale: Scale, cell: Cell, theirs: Mapping) -> Iterator[str]:
    """What of data, split, configuration and code differs from what this project would use, in words.

    A split that is not here yet cannot be compared: then all merged cells on it must at least agree with each other.
    """
    made = theirs["provenance"]
    here = reference_split(scale, cell)
    if here and made["split"]["data_digest"] != here["data_digest"]:
        yield "other data"
    if here and made["split"]["digest"] != here["digest"]:
        yield "another split"
    if changed := settings_changed(theirs["settings"], expected_settings(scale, cell)):
        yield f"another configuration: {', '.join(changed)}"
    planned = graph.all_settings(scale, cell)
    names = {f"{role}.{key}" for role, own in planned.items() for key in own}
    if unknown := sorted({f"{role}.{key}" for role, own in theirs["settings"].items() for key in own} - names):
        yield f"settings that the cell does not have: {', '.join(unknown)}"
    if made["code"] != graph.code_of(cell):
        at = f" ({made['commit']})" if made.get("commit") else ""
        yield f"other code than is checked out: merge at the commit that made it{at}"


def made_otherwise(theirs: Mapping, ours: Mapping) -> Iterator[str]:
    """The same, against what is here of the cell."""
    one, other = theirs["provenance"], ours["provenance"]
    if one["split"]["digest"] != other["split"]["digest"]:
        yield "another split"
    if changed := settings_changed(theirs["settings"], ours["settings"]):
        yield f"another configuration ({', '.join(changed)})"
    if one["code"] != other["code"]:
        yield "other code"


def seed_disagreements(ours: Mapping, offered: Mapping) -> Iterator[str]:
    """Seeds that are on both sides and were not made in the same way, e.g. from other pretrained models."""
    for seed in sorted(ours.keys() & offered.keys(), key=int):
        if ours[seed].get("digest") != offered[seed].get("digest"):
            yield f"seed {seed} was made in another way than here"


def reference_split(scale: Scale, cell: Cell) -> dict:
    """What is known here of the cell's split: its own file, else what results here say of it."""
    own = scale.results / "splits" / cell.split / "split.json"
    if own.is_file():
        return read_json(own)
    for file in sorted((scale.results / "cells").glob(f"*/{cell.split}/*/result.json")):
        if "provenance" in (found := intact(file) or {}):
            return found["provenance"]["split"]
    return {}


def expected_settings(scale: Scale, cell: Cell) -> dict:
    """The cell's settings as this project sets them. Where they are searched, and were not here, what the grid holds
    is left out."""
    cells = (cell, *graph.pretrained_cells(cell))
    files = [graph.tuning_file(scale, each) for each in cells]
    if all(file is None or file.is_file() for file in files):
        return graph.all_settings(scale, cell, tuned_settings(scale, *cells))
    searched = {key for each in cells for key in graph.grid(graph.main_cell(each))}
    settings = graph.all_settings(scale, cell)
    return {role: {key: value for key, value in own.items() if key not in searched} for role, own in settings.items()}


def settings_changed(theirs: Mapping, wanted: Mapping) -> list[str]:
    """`anchor.batch` of every setting in `wanted` that is another one in `theirs`."""
    return [
        f"{role}.{key}"
        for role, own in wanted.items()
        for key, value in own.items()
        if key not in theirs.get(role, {}) or theirs[role][key] != value
    ]
