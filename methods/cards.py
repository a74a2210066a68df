"""The card of each method: what it is called, what it sets, what it cites. A method is a folder with a `card.yaml`.

The folder bears the method's name, with an underscore for each hyphen: `item-knn` lives in `methods/item_knn`. Knows no
torch: the tables read cards too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import folders_with, parse_yaml
from datasets.pipeline.schema import Schema, fault, refuse, unknown

FOLDER = Path(__file__).parent
EPISODES = {"validation_episodes", "test_episodes"}
SCHEMA = Path(__file__).with_name("card.schema.yaml")


@dataclass(frozen=True)
class Card:
    """One `card.yaml`. The keys of the file (card.schema.yaml) are the names of these fields, but for `allowed`.

    settings: setting -> default; allowed: setting -> the JSON Schema of its values. The file has both in one.

    kind: recommender (a `model.py`), treatment (makes another training set), external (its own `rule.smk` writes ranks
    or scores) or agent (a `model.py` that acts in a world). family: control, general (a set of items) or sequential
    (their order). exclude_seen: whether the headline rank leaves out what the history holds; exclude_seen_reason says
    why. search: the grid of some settings. differs: where the method's paper leaves a choice, or another one was made
    here.

    Of a treatment: strategies: by letter, none where the method is one strategy; `looks_at` says which pretrained
    models it looks at, the anchor or the one whose role `second` names, `search` which settings are searched for it.
    generation: empty where no pool is drawn; `settings` that change what is generated, where all others choose from it;
    `up_to`: of these a pool holds the most that any cell takes; `short`: settings by a shorter name in that of a pool;
    `shared`: all strategies draw on one pool. controls: variants of a cell that are told how the cell itself went.
    sees_truth: whether its generation is given the truth of the data, where it is known; only for an oracle, which
    shows what a method could gain.
    """

    name: str
    label: str
    kind: str
    family: str = ""
    exclude_seen: bool | None = None
    exclude_seen_reason: str = ""
    settings: Mapping = field(default_factory=dict)
    allowed: Mapping[str, Schema] = field(default_factory=dict)
    search: Mapping = field(default_factory=dict)
    citation: Mapping = field(default_factory=dict)
    equations: tuple = ()
    differs: tuple = ()
    second: str = ""
    looks_at: tuple = ()
    controls: tuple = ()
    strategies: Mapping = field(default_factory=dict)
    generation: Mapping = field(default_factory=dict)
    sees_truth: bool = False
    assumptions: tuple = ()
    _faults: dict = field(default_factory=dict, compare=False, repr=False)  # what `fault` has said before

    @property
    def folder(self) -> Path:
        return _folder(self.name)

    @property
    def training_facts(self) -> tuple:
        """What the card says, besides settings, that can change a result; its words cannot."""
        looks_at = {strategy: self.looked_at(strategy) for strategy in self.strategies or [""]}
        return self.kind, self.exclude_seen, self.second, looks_at, self.generation, self.sees_truth, self.controls

    def looked_at(self, strategy: str) -> tuple[str, ...]:
        """The roles of the pretrained models that a strategy looks at; that of a method without strategies is ''."""
        return tuple(self.strategies[strategy].get("looks_at", ())) if self.strategies else self.looks_at

    @property
    def takes_second(self) -> bool:
        """Whether a cell of this treatment names a second pretrained model."""
        return any(self.second in self.looked_at(strategy) for strategy in self.strategies or [""])

    def strategy_label(self, strategy: str) -> str:
        return self.strategies[strategy]["label"] if strategy else self.label

    def configured(self, *layers: Mapping) -> dict:
        """The card's settings, changed by each layer in turn (scale, tuning, cell). An unknown setting is an error."""
        settings = dict(self.settings)
        for layer in layers:
            _refuse_unknown(f"settings of method '{self.name}'", layer, self.settings)
            settings.update(layer)
        return settings

    def fault(self, setting: str, value: object) -> str:
        """Why a setting of this card may not have the value, in words; empty where it may."""
        asked = setting, repr(value)  # a plan asks for the same few values in thousands of cells
        if asked not in self._faults:
            self._faults[asked] = fault(value, self.allowed[setting], setting)
        return self._faults[asked]


def cards() -> dict[str, Card]:
    """Every method that has a card, by name, in the order of the names."""
    found = (read_card(folder / "card.yaml") for folder in folders_with("card.yaml", FOLDER))
    return {card.name: card for card in found}


def load_card(name: str) -> Card:
    """The card of one method. An unknown name is an error that lists the known ones."""
    file = _folder(name) / "card.yaml"
    if not file.is_file():
        raise BadInput(f"no method '{name}': {file} does not exist; methods with a card: {', '.join(cards())}")
    return read_card(file)


def has_card(name: str) -> bool:
    return (_folder(name) / "card.yaml").is_file()


def treatment_method(treatment: str) -> tuple[str, str]:
    """`casr-d` -> (`casr`, `d`): the method and the strategy; `l2aug` -> (`l2aug`, ``) where a method has none."""
    method, _, strategy = treatment.rpartition("-")
    if not method or (_folder(treatment) / "card.yaml").is_file():
        return treatment, ""
    return method, strategy


def read_card(file: Path) -> Card:
    """Read and check one card; every complaint names the file and the key."""
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    refuse(file, content, _schema())
    allowed = {key: _allowed(given) for key, given in content.get("settings", {}).items()}
    content["settings"] = {key: schema["default"] for key, schema in allowed.items()}
    content = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    card = Card(**content, allowed=allowed)
    _check(card, file)
    return card


def _folder(name: str) -> Path:
    return FOLDER / name.replace("-", "_")


@cache
def _schema() -> Schema:
    return parse_yaml(SCHEMA.read_text(encoding="utf-8"))


def _allowed(given: object) -> Schema:
    """A setting's schema and default. Where the card has a value alone, any other of its type will do."""
    if isinstance(given, Mapping):
        return given
    return {"default": given, "type": next((name for kind, name in _TYPES.items() if isinstance(given, kind)), "null")}


_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}  # a bool is an int, too


def _check(card: Card, file: Path) -> None:
    """What no schema says: keys that name others, and values that settings may have."""
    expected = file.parent.name.replace("_", "-")
    if card.name != expected:
        raise BadInput(f"{file}: name is '{card.name}'; this folder's method is called '{expected}'")
    if "-" in file.parent.name:  # else `item-knn` beside `item_knn` would take its place
        raise BadInput(f"{file}: the folder of method '{card.name}' must be called {card.folder.name}")
    if card.sees_truth and card.kind != "treatment":
        raise BadInput(f"{file}: key sees_truth is for treatments; no recommender may see the truth")
    if card.kind == "agent" and (lacking := EPISODES - card.settings.keys()):
        raise BadInput(f"{file}: settings: an agent says how many episodes are played, {' and '.join(sorted(lacking))}")
    for key in ("settings", "up_to", "short"):
        _refuse_unknown(f"{file}: generation.{key}", card.generation.get(key, ()), card.settings)
    _refuse_unknown(f"{file}: search", card.search, card.settings)
    if card.strategies and card.looks_at:
        raise BadInput(f"{file}: key looks_at is for a treatment without strategies; say it of each strategy")
    roles = ["anchor", *([card.second] if card.second else ())]
    for where, named in [("", card.looks_at), *((f"strategies.{s}.", card.looked_at(s)) for s in card.strategies)]:
        for role in named:
            if role not in roles:
                raise BadInput(f"{file}: {where}looks_at: {unknown('role', role, roles)}; key second names another")
    for letter, strategy in card.strategies.items():
        _refuse_unknown(f"{file}: strategies.{letter}.search", strategy.get("search", ()), card.search)
    given = [("settings", *setting) for setting in card.settings.items()]
    given += [("search", key, value) for key, grid in card.search.items() for value in grid]
    for section, key, value in given:
        said = card.fault(key, value)
        if isinstance(value, str) and _reads_as_number(value):
            said = said or f"{key} is the text '{value}' for YAML; write the number as 0.001 or 1.0e-3"
        if said:
            raise BadInput(f"{file}: {section}.{said}")


def _refuse_unknown(where: str, given: Iterable, known: Iterable) -> None:
    for key in given:
        if key not in known:
            raise BadInput(f"{where}: {unknown('key', key, known)}")


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
