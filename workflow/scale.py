"""A scale: which data, seeds and budgets a run takes. It chooses sizes, never code paths. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml

CONFIG = Path("config")
KEYS = ("scale", "seeds", "threads", "memory_mb", "minutes", "slots_per_gpu", "settings", "tuning", "papers")
TUNING_KEYS = ("budget", "seed")


@dataclass(frozen=True)
class Tuning:
    """budget: trials of each cell, the same for a baseline and a proposal; seed: of the grid's order and of a trial."""

    budget: int
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Scale:
    """One `config/<name>.yaml`. `content` is the parsed file; the paper's own part of it is read in paper_tables.

    settings: section -> setting -> value (sections: workflow/cells/settings.py); memory_mb and minutes: what a job is
    given at its first attempt; slots_per_gpu: how many cells share a card; tuning: None where settings are fixed.
    """

    name: str
    file: Path
    content: Mapping
    threads: int
    memory_mb: int
    minutes: int
    slots_per_gpu: int
    settings: Mapping
    tuning: Tuning | None

    @cached_property
    def results(self) -> Path:
        return Path("results") / self.name

    @property
    def sharing(self) -> list[int]:
        """What a checksum of a result has besides code, settings and seeds. The threads of a job share each batch and
        sum up in another order: another number of them gives other bits. The usual number adds nothing."""
        return [] if self.threads == _COUNTS["threads"] else [self.threads]

    @property
    def settings_folder(self) -> Path:
        return self.file.parent / "settings" / self.name

    def settings_file(self, dataset: str) -> Path:
        """Fixed settings of one data set at this scale, shared by its variants; need not exist."""
        return self.settings_folder / f"{card(dataset).base}.yaml"


@cache
def load_scale(file: Path) -> Scale:
    """Read and check a scale's file. BadInput names the file and the key."""
    file = Path(file)
    if not file.is_file():
        known = ", ".join(sorted(other.stem for other in file.parent.glob("*.yaml")))
        raise BadInput(f"{file}: no such scale; there are: {known}")
    content = read_yaml(file)
    refuse_unknown(file, content, KEYS)
    name = content.get("scale")
    if name != file.stem:
        raise BadInput(f"{file}: scale is '{name}'; it must be the file's name, '{file.stem}'")
    counts = {key: content.get(key, default) for key, default in _COUNTS.items()}
    for key, value in counts.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadInput(f"{file}: {key} is {value!r}; it must be a whole number from 1")
    return Scale(name, file, content, **counts, settings=content.get("settings") or {}, tuning=_tuning(file, content))


@cache
def named_scale(name: str) -> Scale:
    return load_scale(CONFIG / f"{name}.yaml")


def read_yaml(file: Path) -> dict:
    """A YAML file of keys and values, as data only."""
    try:
        content = parse_yaml(Path(file).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{file}: expected keys with values")
    return content


def refuse_unknown(where: object, given: Mapping, known: object) -> None:
    if not isinstance(given, Mapping):
        raise BadInput(f"{where}: expected keys with values, got {given!r}")
    for key in given:
        if key not in known:
            raise BadInput(f"{where}: unknown key '{key}'; known: {', '.join(map(str, known))}")


_COUNTS = {"threads": 1, "memory_mb": 4000, "minutes": 60, "slots_per_gpu": 1}


def _tuning(file: Path, content: Mapping) -> Tuning | None:
    given = content.get("tuning")
    if given is None:
        return None
    refuse_unknown(f"{file}, tuning", given, TUNING_KEYS)
    if not isinstance(given.get("budget"), int) or given["budget"] < 1:
        raise BadInput(f"{file}: tuning.budget is {given.get('budget')!r}; it must be a whole number from 1")
    return Tuning(given["budget"], given.get("seed", 0))
