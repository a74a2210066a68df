"""The card of each method: what it is called, what it sets, what it cites. A method is a folder with a `card.yaml`.

The folder bears the method's name, with an underscore for each hyphen: `item-knn` lives in `methods/item_knn`. Knows no
torch: the tables read cards too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml

FOLDER = Path(__file__).parent
KINDS = ("recommender", "treatment", "external")
FAMILIES = ("control", "general", "sequential")
CITATION_KEYS = ("key", "authors", "title", "venue", "year", "doi", "url")
ROLES = ("sampler", "anchor")  # pretrained models that a strategy's generation may look at
GENERATION_KEYS = ("settings", "up_to", "short", "shared")


@dataclass(frozen=True)
class Card:
    """One `card.yaml`. The keys of the file are the names of these fields.

    kind: recommender (a `model.py`), treatment (makes another training set) or external (its own `rule.smk` writes
    ranks or scores). family: control, general (a set of items) or sequential (their order). exclude_seen: whether the
    headline rank leaves out what the history holds; exclude_seen_reason says why. search: the grid of some settings.
    differs: where the method's paper leaves a choice, or another one was made here.

    Of a treatment: strategies: by letter; `looks_at` says which pretrained models its generation looks at, `search`
    which settings are searched for it. generation: `settings` that change what is generated, where all others choose
    from it; `up_to`: of these a pool holds the most that any cell takes; `short`: settings by a shorter name in that of
    a pool; `shared`: all strategies draw on one pool. sees_truth: whether its generation is given the truth of
    the data, where it is known; only for an oracle, which shows what a method could gain.
    """

    name: str
    label: str
    kind: str
    family: str = ""
    exclude_seen: bool | None = None
    exclude_seen_reason: str = ""
    settings: Mapping = field(default_factory=dict)
    search: Mapping = field(default_factory=dict)
    citation: Mapping = field(default_factory=dict)
    equations: tuple = ()
    differs: tuple = ()
    strategies: Mapping = field(default_factory=dict)
    generation: Mapping = field(default_factory=dict)
    sees_truth: bool = False
    assumptions: tuple = ()

    @property
    def folder(self) -> Path:
        return _folder(self.name)

    @property
    def takes_sampler(self) -> bool:
        """Whether a cell of this treatment names a sampler."""
        return any("sampler" in strategy.get("looks_at", ()) for strategy in self.strategies.values())

    def configured(self, *layers: Mapping) -> dict:
        """The card's settings, changed by each layer in turn (scale, tuning, cell). An unknown setting is an error."""
        settings = dict(self.settings)
        for layer in layers:
            _refuse_unknown(layer, self.settings, f"settings of method '{self.name}'")
            settings.update(layer)
        return settings


def cards() -> dict[str, Card]:
    """Every method that has a card, by name, in the order of the names."""
    return {card.name: card for card in map(read_card, sorted(FOLDER.glob("*/card.yaml")))}


def load_card(name: str) -> Card:
    """The card of one method. An unknown name is an error that lists the known ones."""
    file = _folder(name) / "card.yaml"
    if not file.is_file():
        raise BadInput(f"no method '{name}': {file} does not exist; methods with a card: {', '.join(cards())}")
    return read_card(file)


def read_card(file: Path) -> Card:
    """Read and check one card; every complaint names the file and the key."""
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{file}: expected keys with values; copy the card of another method")
    _refuse_unknown(content, [each.name for each in fields(Card)], str(file))
    for key, blank in _BLANKS.items():
        if key in content and not isinstance(content[key], type(blank)):
            raise BadInput(f"{file}: key {key} must be a {_IN_WORDS[type(blank)]}, not {content[key]!r}")
    for key in ("name", "label", "kind"):
        if not content.get(key):
            raise BadInput(f"{file}: key {key} is missing")
    card = Card(**{key: tuple(value) if isinstance(value, list) else value for key, value in content.items()})
    _check(card, file)
    return card


def _folder(name: str) -> Path:
    return FOLDER / name.replace("-", "_")


_BLANKS = {
    **dict.fromkeys(("name", "label", "kind", "family", "exclude_seen_reason"), ""),
    **dict.fromkeys(("settings", "search", "citation", "strategies", "generation"), {}),
    **dict.fromkeys(("equations", "differs", "assumptions"), []),
    **dict.fromkeys(("exclude_seen", "sees_truth"), True),
}
_IN_WORDS = {str: "text", dict: "mapping", list: "list", bool: "true or false"}


def _check(card: Card, file: Path) -> None:
    expected = file.parent.name.replace("_", "-")
    if card.name != expected:
        raise BadInput(f"{file}: name is '{card.name}'; this folder's method is called '{expected}'")
    if card.kind not in KINDS:
        raise BadInput(f"{file}: kind is '{card.kind}'; one of {', '.join(KINDS)}")
    if card.kind != "treatment":
        if card.sees_truth:
            raise BadInput(f"{file}: key sees_truth is for treatments; no recommender may see the truth")
        if card.family not in FAMILIES:
            raise BadInput(f"{file}: family is '{card.family}'; one of {', '.join(FAMILIES)}")
        if card.exclude_seen is None or not card.exclude_seen_reason:
            raise BadInput(f"{file}: exclude_seen (true or false) and exclude_seen_reason must be given")
    else:
        _check_generation(card, file)
    _refuse_unknown(card.citation, CITATION_KEYS, f"{file}, citation")
    _refuse_unknown(card.search, card.settings, f"{file}, search (only what settings has can be searched)")
    for key, grid in card.search.items():
        if not isinstance(grid, list) or not grid:
            raise BadInput(f"{file}: search of {key} must be a list of values")
    for key, value in [*card.settings.items(), *((key, each) for key, grid in card.search.items() for each in grid)]:
        if isinstance(value, str) and _reads_as_number(value):
            raise BadInput(f"{file}: {key} is the text '{value}' for YAML; write the number as 0.001 or 1.0e-3")


def _check_generation(card: Card, file: Path) -> None:
    _refuse_unknown(card.generation, GENERATION_KEYS, f"{file}, generation")
    if not isinstance(card.generation.get("settings"), list):
        raise BadInput(f"{file}: key generation.settings must list the settings that change what is generated")
    for key in ("settings", "up_to", "short"):
        _refuse_unknown(card.generation.get(key, ()), card.settings, f"{file}, generation.{key}")
    if not card.strategies:
        raise BadInput(f"{file}: key strategies is missing; a treatment has at least one, by its letter")
    for letter, strategy in card.strategies.items():
        _refuse_unknown(strategy.get("looks_at", ()), ROLES, f"{file}, looks_at of strategy {letter}")


def _refuse_unknown(given: Iterable, known, where: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadInput(f"{where}: unknown key {', '.join(map(str, unknown))}; known: {', '.join(known)}")


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
