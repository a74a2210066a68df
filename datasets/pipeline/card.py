"""The card of a data set: where it comes from, what is done to it, and what is only assumed about it."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from datasets.pipeline.errors import BadInput

DATASETS = Path(__file__).resolve().parent.parent
SCHEMA = Path(__file__).with_name("card.schema.yaml")


@dataclass(frozen=True)
class RawFile:
    """A file by name and by the checksums that are known of it; of several sums of a kind, any one will do."""

    file: str
    size: int | None = None
    sha256: tuple[str, ...] = ()
    md5: tuple[str, ...] = ()
    git_blob: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    optional: bool = False

    @property
    def sums(self) -> dict[str, tuple[str, ...]]:
        kinds = {"sha256": self.sha256, "md5": self.md5, "git_blob": self.git_blob}
        return {kind: known for kind, known in kinds.items() if known}


@dataclass(frozen=True)
class Download:
    """An archive and the files in it that the parser reads."""

    archive: RawFile
    urls: tuple[str, ...]
    holds: tuple[RawFile, ...]


@dataclass(frozen=True)
class Order:
    """How the rows of one user are put in order: by a column, by a seeded shuffle, or (neither) as in the file."""

    meaning: str
    column: str | None = None
    descending: bool = False
    seed: int | None = None


@dataclass(frozen=True)
class Card:
    """One data set. `folder` is where card.yaml and parse.py lie; the other fields are those of card.schema.yaml."""

    folder: Path
    name: str
    label: str
    domain: str
    licence: str
    citation: Mapping[str, str]
    downloads: tuple[Download, ...]
    format: str
    recipe: tuple[Mapping, ...]
    has_time: bool
    orders: Mapping[str, Order]
    default_order: str
    default_order_reason: str
    about: str = ""
    terms: str = ""
    login: str = ""
    raw_folders: tuple[str, ...] = ()
    printed: Mapping | None = None
    assumptions: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def parse(self) -> Callable:
        """The function `parse(files)` of the folder's parse.py (datasets/pipeline/parsed.py says what it gives)."""
        return importlib.import_module(f"datasets.{self.folder.name}.parse").parse


def load_card(folder: Path) -> Card:
    """Read and check `folder`/card.yaml. BadInput names the file and the key at fault."""
    file = Path(folder) / "card.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; a data set is a folder with card.yaml and parse.py") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    _check(file, content)
    content["downloads"] = tuple(_download(entry) for entry in content["downloads"])
    content["orders"] = {name: Order(**order) for name, order in content["orders"].items()}
    for key in ("recipe", "raw_folders", "assumptions"):
        content[key] = tuple(content.get(key, ()))
    return Card(folder=Path(folder), **content)


def card(name: str) -> Card:
    """The card of the data set `name` (with dashes, as in the tables of reported numbers)."""
    known = cards()
    if name not in known:
        raise BadInput(f"unknown data set '{name}': one of {', '.join(known)}")
    return known[name]


@cache
def cards() -> dict[str, Card]:
    """All cards by name: every folder of datasets/ that holds a card.yaml."""
    found = [load_card(file.parent) for file in sorted(DATASETS.glob("*/card.yaml"))]
    return {card.name: card for card in found}


def _check(file: Path, content: object) -> None:
    fault = jsonschema.exceptions.best_match(_validator().iter_errors(content))
    if fault is not None:
        key = ".".join(str(part) for part in fault.absolute_path) or "top level"
        raise BadInput(f"{file}: {key}: {fault.message}; the keys that a card may have are in {SCHEMA.name}")
    if content["default_order"] not in content["orders"]:
        raise BadInput(f"{file}: default_order: '{content['default_order']}' is not among the card's orders")


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))


def _download(entry: dict) -> Download:
    holds = tuple(_raw_file(inner) for inner in entry.pop("holds"))
    return Download(urls=tuple(entry.pop("urls", ())), holds=holds, archive=_raw_file(entry))


def _raw_file(entry: dict) -> RawFile:
    return RawFile(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
