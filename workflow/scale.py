"""A scale: which data, seeds and budgets a run takes. It chooses sizes, never code paths. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml
from datasets.pipeline.schema import refuse, unknown
from paper_tables.scale_part import SEEDS, keys
from paper_tables.spec.paper import papers
from workflow.clean import TAKEN

CONFIG = Path("config")
NAME = r"^[a-z0-9-]+\Z"  # as the rules read it from a path, and make hands it on
COUNT = {"type": "integer", "minimum": 1}
SCHEMA = keys(
    scale={"type": "string", "pattern": NAME, "description": "small letters, digits and hyphens"},
    seeds=SEEDS,
    threads=COUNT,
    memory_mb=COUNT,
    minutes=COUNT,
    slots_per_gpu=COUNT,
    settings={"type": ["object", "null"]},  # sections and values: workflow/cells/settings.py
    tuning=keys(budget=COUNT, seed={"type": "integer", "minimum": 0})
    | {"required": ["budget"], "type": ["object", "null"]},
    papers={"type": "object", "minProperties": 1, "propertyNames": {"enum": list(papers())}},
) | {"required": ["scale", "papers"]}  # what is run of each paper: paper_tables/spec/plan.py


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
        known = sorted(other.stem for other in file.parent.glob("*.yaml"))
        raise BadInput(f"{file}: no such file; {unknown('scale', file.name.removesuffix('.yaml'), known)}")
    content = read_yaml(file)
    refuse(file, content, SCHEMA)
    if content["scale"] != file.stem:
        raise BadInput(f"{file}: scale is '{content['scale']}'; it must be the file's name, '{file.stem}'")
    if content["scale"] in TAKEN:
        raise BadInput(f"{file}: results/{file.stem} is no scale's; name the file and the scale something else")
    counts = {key: content.get(key, default) for key, default in _COUNTS.items()}
    tuning = Tuning(**content["tuning"]) if content.get("tuning") else None
    return Scale(content["scale"], file, content, **counts, settings=content.get("settings") or {}, tuning=tuning)


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


_COUNTS = {"threads": 1, "memory_mb": 4000, "minutes": 60, "slots_per_gpu": 1}
