"""What is believed of files that somebody else made.

Whoever sends results may err, or mean no good. A file is read only where it really lies in the folder that was named,
up to a size that such a file can have; what it says must fit `foreign.schema.yaml`; metrics must be those of the ranks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jsonschema
import pandas as pd

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml, read_json, unchanged
from methods.evaluation.ranks import disproved, read_ranks, views
from workflow.cells.files import intact

SCHEMA = Path(__file__).with_name("foreign.schema.yaml")
MOST_JSON = 8 << 20  # bytes of a file that describes something
SPARE = 4 << 20  # bytes of any other file besides what it is expected to hold
OF_RANKS = 256  # bytes for each user: two rows of nine columns
OF_WEIGHTS = 64  # bytes for each user, item and dimension: several tables of each, in 8 bytes


@dataclass(frozen=True)
class Sizes:
    """How large the files of a seed can be: by the split's counts and the anchor's settings."""

    split: Mapping
    anchor: Mapping

    @property
    def ranks(self) -> int:
        return SPARE + OF_RANKS * self.split["users"]

    @property
    def weights(self) -> int:
        widest = max([64, *(of for of in self.anchor.values() if isinstance(of, int) and 0 < of <= 4096)])
        return SPARE + OF_WEIGHTS * widest * (self.split["users"] + self.split["items"] + widest)


def read(source: Path, file: Path) -> dict:
    return read_json(own(source, file, MOST_JSON))


def own(source: Path, file: Path, most: int) -> Path:
    """The file, if it lies in `source` itself, by no link, and is not too large. BadInput else."""
    if file.is_symlink() or not file.resolve().is_relative_to(source.resolve()):
        raise BadInput(f"{file}: a link out of the folder that was named; copy the file itself")
    if file.stat().st_size > most:
        raise BadInput(f"{file}: {file.stat().st_size >> 20} MiB, where at most {most >> 20} MiB can be right")
    return file


def check(content: object, kind: str) -> None:
    """BadInput where the content of a result.json, data.json or audit.json cannot be what it says."""
    fault = jsonschema.exceptions.best_match(_validator(kind).iter_errors(content))
    if fault is not None:
        key = ".".join(str(part) for part in fault.absolute_path) or "top level"
        raise BadInput(f"its {kind} cannot be: {key}: {fault.message[-200:]}")


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    known = parse_yaml(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({**known, "$ref": f"#/$defs/{kind}"})


def checked(source: Path, folder: Path, seed: str, said: Mapping, split: Path, sizes: Sizes) -> bool:
    """Look at the files of one seed that came along. Whether its metrics are those of its ranks; False where there are
    none to tell by. BadInput where a file is not what it should be, or the ranks say something else."""
    ranks, weights = folder / f"seed-{seed}.ranks.parquet", folder / f"seed-{seed}.safetensors"
    for file, most in ((ranks, sizes.ranks), (weights, sizes.weights)):
        if file.is_symlink() or file.exists():
            unchanged(own(source, file, most), said)
    if not ranks.is_file():
        return False
    table = read_ranks(ranks)
    possible(table, sizes.split)
    for part in ("validation", "test"):
        if (split / f"{part}.csv").is_file():
            targets(table[table["part"] == part], split / f"{part}.csv")
    if fault := disproved(said["metrics"], table):
        raise BadInput(f"seed {seed}: {fault}")
    return True


def possible(table: pd.DataFrame, split: Mapping) -> None:
    """BadInput for ranks that no catalogue of this size gives."""
    inside = table["user"].between(0, split["users"] - 1) & table["target"].between(0, split["items"] - 1)
    for view in views(table):
        inside &= table[f"above_{view}"] + table[f"ties_{view}"] < split["items"]
    if not inside.all() or set(table["part"]) != {"validation", "test"}:
        raise BadInput(f"its ranks are not of a split of {split['users']} users and {split['items']} items")


def targets(ranks: pd.DataFrame, file: Path) -> None:
    """BadInput where other items were ranked than the split here holds out."""
    held_out = pd.read_csv(file, dtype="int64")
    if not ranks[["user", "target"]].astype("int64").reset_index(drop=True).equals(
        held_out.set_axis(["user", "target"], axis=1)
    ):
        raise BadInput(f"its ranks are not those of the held-out items in {file}")


def verified_here(results: Path, dataset: str, split: str = "none") -> bool:
    """Whether the source is verified, as this machine knows it: by its own split or data, else only of data that needs
    no raw file."""
    own_files = [results / "splits" / split / "split.json", results / "data" / dataset / "data.json"]
    known = [found for file in own_files if (found := intact(file))]
    return bool(known[0]["verified"]) if known else not card(dataset).downloads
