"""A paper as its file says: papers/<name>/paper.yaml, checked. What each key means: README.md. No pandas here, which
takes half a second to load: which cells there are is asked before every run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import folders_with, parse_yaml
from datasets.pipeline.schema import refuse, unknown
from datasets.pipeline.split_name import SplitName
from methods.evaluation.selection import Selection

PAPERS = Path(__file__).parents[1] / "papers"
SCHEMA = Path(__file__).with_name("paper.schema.yaml")
PICTURED = ("agreement", "curves", "mean_ranks", "dose")  # kinds that draw
OTHERS = "others"  # the rows of recommenders that the paper does not print


@dataclass(frozen=True)
class Metric:
    """`ndcg@5`; one without a cut-off, such as accuracy, has an empty k."""

    name: str
    k: str = ""

    @classmethod
    def of(cls, text: str) -> "Metric":
        return cls(*text.partition("@")[::2])

    def __str__(self) -> str:
        return f"{self.name}@{self.k}" if self.k else self.name

    @property
    def head(self) -> str:
        return str(self).upper()


@dataclass(frozen=True)
class Paper:
    """name: of its folder; selects: what ends trainings and chooses settings (methods/evaluation/selection.py), and
    selection its metric; the rest as in the file, lists as tuples."""

    name: str
    label: str
    unit: str
    metrics: tuple[Metric, ...]
    selection: Metric
    selects: str
    split: str
    targets: Mapping[str, Mapping]
    names: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping] = field(default_factory=dict)
    data: Mapping[str, Mapping] = field(default_factory=dict)
    lists: Mapping[str, tuple] = field(default_factory=dict)
    open: Mapping[str, tuple] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    others: tuple[str, ...] = ("control", "general", "sequential")
    views: Mapping[str, Mapping] = field(default_factory=lambda: {"": {}})
    rows: Mapping[str, tuple] = field(default_factory=dict)
    against: Mapping[str, tuple] = field(default_factory=dict)
    comparisons: Mapping[str, Mapping] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    dose: Mapping = field(default_factory=dict)
    headline: str = ""
    formulas: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> Metric:
        """The metric that compact tables show: the selecting one, unless the file names another."""
        return Metric.of(self.headline) if self.headline else self.selection

    @property
    def folder(self) -> Path:
        return PAPERS / self.name

    @property
    def file(self) -> Path:
        return self.folder / "paper.yaml"

    def split_of(self, dataset: str, order: str = "", protocol: str = "") -> str:
        """The name of the split that the paper's numbers are of, or of the same with another order or protocol."""
        asked = SplitName.of(f"{dataset}.{protocol or self.splits.get(dataset, self.split)}")
        return str(replace(asked, order=order) if order else asked)

    def own_name(self, printed: str) -> str:
        """What a method of the printed tables is called here: `itempop` -> `popularity`."""
        return self.names.get(printed, printed)

    def printed_name(self, own: str) -> str:
        """The other way round."""
        return next((printed for printed, name in self.names.items() if name == own), own)

    def kind(self, target: str) -> str:
        return self.targets[target]["kind"]

    def outputs(self, target: str, results: Path) -> list[Path]:
        """The files that are made of a target; for `document` the LaTeX file that includes all of them."""
        if target == "document":
            return [Path(results) / "tables" / f"{self.name}.tex"]
        drawn = self.kind(target) in PICTURED
        folder, endings = ("figures", ("csv", "tex", "pdf", "png")) if drawn else ("tables", ("csv", "tex"))
        return [Path(results) / folder / f"{self.name}_{target}.{ending}" for ending in endings]


def papers() -> tuple[str, ...]:
    """Every paper whose printed numbers are here, by name."""
    return tuple(folder.name for folder in folders_with("paper.yaml", PAPERS))


@cache
def paper(name: str) -> Paper:
    """One paper. BadInput names the file, and the key that is wrong."""
    file = PAPERS / name / "paper.yaml"
    if not file.is_file():
        raise BadInput(f"paper_tables/papers: {unknown('paper', name, papers())}")
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not readable as YAML: {error}") from error
    refuse(file, content, _schema())
    content["metrics"] = list(map(Metric.of, content["metrics"]))
    content["selects"] = content["selection"]
    content["selection"] = Metric.of(Selection.of(content["selection"]).metric)
    found = Paper(name, **{key: _fixed(value) for key, value in content.items()})
    _check(found)
    return found


@cache
def _schema() -> Mapping:
    return parse_yaml(SCHEMA.read_text(encoding="utf-8"))


def _fixed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _fixed(each) for key, each in value.items()}
    return tuple(map(_fixed, value)) if isinstance(value, list) else value


def _check(found: Paper) -> None:
    """What no schema says: keys that name others."""
    known = {*found.lists, *found.open, OTHERS}
    named = [(f"rows.{name}", row) for name, rows in found.rows.items() for row in rows]
    for where, row in named:
        for key in ("anchor", "treatment", "sampler"):
            if key in row and row[key] not in known:
                raise BadInput(f"{found.file}: {where}.{key}: {unknown('list', row[key], sorted(known))}")
    for target, content in found.targets.items():
        for key, allowed in (("rows", found.rows), ("data", found.data)):
            if key in content and content[key] not in allowed:
                raise BadInput(f"{found.file}: targets.{target}.{key}: {unknown(key, content[key], allowed)}")
        for other in content.get("of", ()):
            if other not in found.targets:
                raise BadInput(f"{found.file}: targets.{target}.of: {unknown('target', other, found.targets)}")
