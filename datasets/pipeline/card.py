"""The card of a data set: where it comes from, what is done to it, and what is only assumed about it."""

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import product
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import folders_with, parse_yaml
from datasets.pipeline.schema import refuse, unknown

DATASETS = Path(__file__).resolve().parent.parent
SCHEMA = Path(__file__).with_name("card.schema.yaml")

Value = str | float


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
    """One data set. `folder` is where card.yaml and parse.py lie; the other fields are those of card.schema.yaml.

    base: the card's own name. Of a card with variants, `name` is that of one of them, and `variant` its values, such as
    {"feedback": "linear", "dim": 32}.
    """

    folder: Path
    base: str
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
    candidates: int = 0
    decisions: Mapping[str, int] = field(default_factory=dict)
    cut_date: str = ""
    groups: Mapping[str, Mapping] = field(default_factory=dict)
    meta: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    terms: str = ""
    login: str = ""
    raw_folders: tuple[str, ...] = ()
    printed: Mapping[str, Mapping] = field(default_factory=dict)
    assumptions: tuple[Mapping[str, str], ...] = field(default=())
    variants: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    variant: Mapping[str, Value] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Where the card lies, for an error: `datasets/ciao/card.yaml`."""
        return f"datasets/{self.folder.name}/card.yaml"

    @property
    def steps(self) -> tuple[Mapping, ...]:
        """The recipe of this variant: where a step names one of the card's `variants`, its value stands there."""
        named = [next(iter(step.items())) for step in self.recipe]
        return tuple({name: self.variant.get(of, of) if isinstance(of, str) else of} for name, of in named)

    def groups_of(self, protocol: str) -> Mapping | None:
        """The rule of groups for splits of a protocol, `{rule: argument}`; None where the card has none for it."""
        return self.groups.get(f"{self.name}.{protocol}", self.groups.get(protocol))

    def meta_of(self, protocol: str) -> float:
        """The share of casual users in the meta set of splits of a protocol; 0 where the card has none for it."""
        return self.meta.get(f"{self.name}.{protocol}", self.meta.get(protocol, 0.0))

    @property
    def parse(self) -> Callable:
        """The function `parse(files)` of the folder's parse.py, of a card with variants its `parse(files, variant)` for
        this one (datasets/pipeline/parsed.py says what it gives)."""
        parse = importlib.import_module(f"datasets.{self.folder.name}.parse").parse
        return partial(parse, variant=self.variant) if self.variants else parse


def load_card(folder: Path) -> Card:
    """Read and check `folder`/card.yaml. BadInput names the file and the key at fault."""
    file = Path(folder) / "card.yaml"
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; a data set is a folder with card.yaml and parse.py") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    _check(file, content)
    content["downloads"] = tuple(_download(entry) for entry in content["downloads"])
    content["orders"] = {name: Order(**order) for name, order in content["orders"].items()}
    for key in ("recipe", "raw_folders", "assumptions"):
        content[key] = tuple(content.get(key, ()))
    usual = {key: next(iter(tokens.values())) for key, tokens in content.get("variants", {}).items()}
    loaded = Card(folder=Path(folder), base=content["name"], variant=usual, **content)
    if len(variants(loaded)) < math.prod(len(tokens) for tokens in loaded.variants.values()):
        raise BadInput(f"{file}: variants: two of them have one name; give their tokens other names")
    return loaded


def card(name: str) -> Card:
    """The card of the data set `name` (with dashes, as in the tables of reported numbers), which may be a variant."""
    known = cards()
    if name in known:
        return known[name]
    base = max((base for base in known if name.startswith(f"{base}-")), key=len, default="")
    if not base:
        raise BadInput(unknown("data set", name, known))
    found = _variant_cards(base)
    if name not in found:
        raise BadInput(f"unknown data set '{name}': {_offer(known[base])}")
    return found[name]


@cache
def cards() -> dict[str, Card]:
    """All cards by name, of those with variants the usual one: every folder of datasets/ that holds a card.yaml."""
    found = {}
    for folder in folders_with("card.yaml", DATASETS):
        loaded = load_card(folder)
        other = found.setdefault(loaded.name, loaded)
        if other is not loaded:
            raise BadInput(
                f"{folder}/card.yaml: name: '{loaded.name}' is that of {other.folder.name}/ already; rename it"
            )
    return found


def variant_name(base: str, **values: Value) -> str:
    """The name of the variant with these values, all others as in `base`: variant_name("cpr-synthetic", dim=32)."""
    known = card(base)
    name = known.base
    unknown = [key for key in values if key not in known.variants]
    for key, tokens in known.variants.items():
        value = values.get(key, known.variant[key])
        token = next((token for token, own in tokens.items() if own == value), None)
        if token is None:
            unknown.append(key)
        elif token != next(iter(tokens)):
            name += f"-{token}"
    if unknown:
        wrong = ", ".join(f"{key} {values[key]!r}" for key in unknown)
        raise BadInput(f"data set '{base}' does not come with {wrong}: {_offer(known)}")
    return name


def variants(card: Card) -> dict[str, dict[str, Value]]:
    """The values of every variant by its name: the base and the token of each value that is not the usual one, in the
    card's order. A card without variants has one, without values."""
    found = {}
    for chosen in product(*(enumerate(tokens.items()) for tokens in card.variants.values())):
        name = "-".join([card.base, *(token for place, (token, _) in chosen if place > 0)])
        found[name] = {key: value for key, (_, (_, value)) in zip(card.variants, chosen, strict=True)}
    return found


@cache
def _variant_cards(base: str) -> dict[str, Card]:
    """The cards of all variants but the usual one."""
    usual = cards()[base]
    others = {name: values for name, values in variants(usual).items() if name != base}
    return {
        name: replace(usual, name=name, label=f"{usual.label} ({name.removeprefix(f'{base}-')})", variant=values)
        for name, values in others.items()
    }


def _offer(card: Card) -> str:
    """What may follow the name of a card, for an error."""
    if not card.variants:
        return f"{card.base} has no variants"
    offered = (
        f"{key} {' or '.join(f'-{token}' for token in list(tokens)[1:])}" for key, tokens in card.variants.items()
    )
    return f"{card.base} offers, in this order, {'; '.join(offered)}"


def _check(file: Path, content: object) -> None:
    refuse(file, content, _schema())
    for protocol, rule in content.get("groups", {}).items():
        if "activity" in rule and not content["has_time"]:
            raise BadInput(f"{file}: groups.{protocol}.activity: the data has no time (has_time); use top_share")
    if content["default_order"] not in content["orders"]:
        raise BadInput(f"{file}: default_order: '{content['default_order']}' is not among the card's orders")


@cache
def _schema() -> Mapping:
    return parse_yaml(SCHEMA.read_text(encoding="utf-8"))


def _download(entry: dict) -> Download:
    holds = tuple(_raw_file(inner) for inner in entry.pop("holds"))
    return Download(urls=tuple(entry.pop("urls", ())), holds=holds, archive=_raw_file(entry))


def _raw_file(entry: dict) -> RawFile:
    return RawFile(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
