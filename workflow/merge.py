"""Take in the results of another machine: `make merge-results FROM=folder SCALE=quick`, then tables and report anew.

FROM is another `results/<scale>`, or what `make publish` left of one. A cell is taken only if it was made of the same
data and split, with the same configuration and the same code, as this project would make it; and, where the cell is
here already, as it was made here. All else is refused, with the reason, and the rest goes on. Nothing that is here is
overwritten: of a cell that is here in part, the seeds that are missing are added. Nothing is trained. No torch here.

A stranger's files are looked at before they are believed (foreign.py): metrics are computed again from the ranks that
come along, and whether a source is verified is said by this machine alone.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file, write_json
from datasets.pipeline.split_name import SplitName
from paper_tables.cell import Cell
from workflow import foreign
from workflow.cells import graph
from workflow.cells.errors import told
from workflow.cells.files import DONE, FAILED, intact, kept_files, seed_file, weights_file
from workflow.made_alike import disagreements, made_otherwise, seed_disagreements
from workflow.scale import Scale, load_scale
from workflow.unfinished import make_tables

ABOUT = ("data", "audit")
TAKEN, ADDED, KEPT, REFUSED = "taken", "seeds added", "here already", "refused"
NOT_CHECKABLE = "not checkable: without ranks"


@dataclass(frozen=True)
class Outcome:
    """What became of one cell: `what` is one of the four above, `why` says what was added or why it was refused."""

    identifier: str
    what: str
    why: str = ""


def merge(scale: Scale, source: Path) -> list[Outcome]:
    """Merge every cell below `source`/cells into the scale's results. One outcome for each, in the order of names."""
    if not source.is_dir():
        raise BadInput(f"{source}: no such folder; name one of results: make merge-results FROM=folder")
    files = sorted((source / "cells").glob("*/*/*/result.json"))
    if not files:
        raise BadInput(
            f"{source}: no cells/<paper>/<split>/<cell>/result.json; name a results/<scale> or published one"
        )
    if source.resolve() == scale.results.resolve():
        raise BadInput(f"{source}: that is where the results are merged into; name another folder")
    outcomes = [looked_at("/".join(file.parts[-4:-1]), lambda at=file: merge_cell(scale, source, at)) for file in files]
    taken = {outcome.identifier.split("/")[1] for outcome in outcomes if outcome.what in (TAKEN, ADDED)}
    for dataset in sorted({SplitName.of(split).dataset for split in taken}):
        copied = looked_at(f"data of {dataset}", lambda of=dataset: copy_data(scale, source, of))
        outcomes += [copied] if copied.what == REFUSED else []
    return outcomes


def looked_at(identifier: str, take: Callable[[], Outcome]) -> Outcome:
    """The outcome of one part of what is offered. Whatever is wrong with it, the rest goes on."""
    try:
        return take()
    except (BadInput, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = str(error) if isinstance(error, BadInput | OSError) else f"it is not what it should be ({error!r})"
        return Outcome(identifier, REFUSED, why)


def copy_data(scale: Scale, source: Path, dataset: str) -> Outcome:
    """What is known of a data set, for the tables, where it was not prepared here: its counts and its audit."""
    together, folder = source / "data.json", source / "data" / dataset
    if together.is_file():
        found = foreign.read(source, together).get(dataset, {})
    else:
        files = {name: folder / f"{name}.json" for name in ABOUT}
        found = {name: foreign.read(source, file) for name, file in files.items() if file.is_file()}
    audited = found.get("audit")
    wanted = {"data": found.get("data"), "audit": {"findings": audited} if isinstance(audited, list) else audited}
    for name, content in wanted.items():
        target = scale.results / "data" / dataset / f"{name}.json"
        if content is not None and not target.exists():
            foreign.check(content, name)
            if name == "data":
                content = content | {"verified": content["verified"] and foreign.verified_here(scale.results, dataset)}
            write_json(target, content)
    return Outcome(dataset, TAKEN)


def merge_cell(scale: Scale, source: Path, file: Path) -> Outcome:
    identifier = "/".join(file.parts[-4:-1])
    cell = graph.all_cells(scale).get(identifier)
    if cell is None:
        return Outcome(identifier, REFUSED, "no such cell at this scale")
    theirs, target = foreign.read(source, file), graph.result_file(scale, cell)
    foreign.check(theirs, "result")
    ours = (intact(target) if target.is_file() else None) or {}
    if "provenance" not in ours:  # it failed, or is being made: nothing but its finished seeds says how
        ours = {}
    wanted = {str(seed) for seed in graph.seeds_of(scale, cell)}
    offered = {seed: found for seed, found in theirs.get("seeds", {}).items() if seed in wanted}
    if not offered:
        return Outcome(identifier, REFUSED, theirs.get("reason") or "it has no seed of this scale")
    if "provenance" not in theirs:
        return Outcome(identifier, REFUSED, "it does not say how it was made (failed cells do not)")
    finished = {**_finished(target.parent, offered), **ours.get("seeds", {})}
    differs = [*disagreements(scale, cell, theirs), *seed_disagreements(finished, offered)]
    if ours:
        differs += [f"{what} than here" for what in made_otherwise(theirs, ours)]
    if differs:
        return Outcome(identifier, REFUSED, "; ".join(dict.fromkeys(differs)))
    missing = {seed: found for seed, found in offered.items() if seed not in ours.get("seeds", {})}
    if not missing:
        return Outcome(identifier, KEPT)
    split = scale.results / "splits" / cell.split
    sizes = foreign.Sizes(theirs["provenance"]["split"], theirs["settings"]["anchor"])
    checked = {seed: foreign.checked(source, file.parent, seed, of, split, sizes) for seed, of in missing.items()}
    for seed, found in missing.items():
        copy_seed(cell, int(seed), found, file.parent, target.parent)
    content = merged(theirs, ours, missing, wanted, source.resolve().name, checked)
    ours_of_split = {"name": cell.split, "verified": foreign.verified_here(scale.results, cell.dataset, cell.split)}
    content |= {"cell": graph.about(scale, cell)}
    content["provenance"]["split"] |= ours_of_split
    write_json(target, content)
    why = f"seeds {', '.join(sorted(missing, key=int))}" + ("" if all(checked.values()) else f", {NOT_CHECKABLE}")
    return Outcome(identifier, ADDED if ours else TAKEN, why)


def merged(
    theirs: Mapping, ours: Mapping, added: Mapping, wanted: set[str], origin: str, checked: Mapping[str, bool]
) -> dict:
    """The result with the added seeds. It is done if either was, or if every seed is there now. `origin` is a folder's
    name and no path: what is published says nothing of a machine's folders."""
    seeds = {**ours.get("seeds", {}), **added}
    about = dict(ours or theirs)
    done = DONE in (theirs["status"], ours.get("status")) or seeds.keys() >= wanted
    record = {"from": origin, "seeds": sorted(added, key=int)}
    record["not checkable"] = sorted((seed for seed in added if not checked[seed]), key=int)  # no ranks came along
    record |= {key: theirs["provenance"].get(key) for key in ("device", "processor", "versions", "finished")}
    earlier = about["provenance"].get("merged", [])
    return about | {
        "status": DONE if done else FAILED,
        "reason": "" if done else theirs.get("reason", ""),
        "seeds": dict(sorted(seeds.items(), key=lambda entry: int(entry[0]))),
        "provenance": {**about["provenance"], "merged": [*earlier, record]},
    }


def copy_seed(cell: Cell, seed: int, found: Mapping, source: Path, target: Path) -> None:
    """A seed's files, as far as they came along and are not here. Its own file marks a seed as finished for whoever
    builds on it, so that it is only written with the weights that they would need."""
    finished = seed_file(target, seed).exists()  # else what lies here is of a run that was stopped
    for file in (*kept_files(source, seed), weights_file(source, seed)):
        copy = target / file.name
        if file.name in found.get("contents", {file.name: ""}) and file.is_file() and not (finished and copy.exists()):
            with whole_file(copy) as temporary:
                shutil.copyfile(file, temporary)
    complete = weights_file(target, seed).is_file() or not graph.keeps_weights(cell)
    if complete and not finished:
        here = {name: of for name, of in found.get("contents", {}).items() if (target / name).is_file()}
        write_json(seed_file(target, seed), {**found, "contents": here})


def _finished(folder: Path, seeds: Iterable[str]) -> dict[str, dict]:
    """What finished seeds left in a cell's folder, by seed."""
    files = {seed: seed_file(folder, int(seed)) for seed in seeds}
    return {seed: found for seed, file in files.items() if (found := intact(file))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True, help="results/<scale> of another machine, or published")
    options = parser.parse_args()
    with told():
        scale = load_scale(options.scale_file)
        outcomes = merge(scale, options.source)
        for outcome in outcomes:
            print(f"{outcome.what}: {outcome.identifier}" + (f": {outcome.why}" if outcome.why else ""))
        for what in (TAKEN, ADDED, KEPT, REFUSED):
            print(f"{sum(outcome.what == what for outcome in outcomes)} {what}")
        made = make_tables(scale)
    if not made:
        sys.exit("The results are merged; tables and report could not all be made.")


if __name__ == "__main__":
    start(main)
