"""What the report reads: files below results/<scale>, and the choices and doubts written down beside a paper."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml, read_json
from paper_tables.labels import strategy_label
from paper_tables.results import Result, read_result
from paper_tables.spec.paper import paper, papers
from paper_tables.spec.specification import specification

PAPERS = Path(__file__).parents[1] / "papers"
PICTURES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class Figure:
    """One figure: `picture` is a data address, `rows` the numbers behind it (empty where no CSV lies beside it)."""

    name: str
    picture: str
    rows: pd.DataFrame

    @property
    def title(self) -> str:
        """`figure5` -> `Figure 5`, as claims name it."""
        number = self.name.removeprefix("figure")
        return f"Figure {number}" if number.isdigit() else self.name.replace("_", " ").capitalize()


def csv(file: Path) -> pd.DataFrame | None:
    """A CSV as text, empty fields as ""; None where it is not there yet."""
    if not file.is_file():
        return None
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not a readable CSV ({error}); remove it and make it again") from error


def entries(paper: str, name: str) -> list[dict]:
    """The list in paper_tables/<paper>/<name>.yaml (assumptions, anomalies), values as text; empty where a paper has
    none."""
    file = PAPERS / paper / f"{name}.yaml"
    found = parse_yaml(file.read_text(encoding="utf-8")) or [] if file.is_file() else []
    return [{key: in_words(value) for key, value in entry.items()} for entry in found]


def in_words(value: object) -> str:
    """`anchor narm, metric f1 and ndcg; …`: a value of a YAML file as a person writes it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {in_words(each)}" for key, each in value.items())
    if isinstance(value, list):
        return (
            "; ".join(map(in_words, value))
            if any(isinstance(each, Mapping) for each in value)
            else " and ".join(map(str, value))
        )
    return str(value)


def results_of(paper: str, scale: Mapping, results: Path) -> list[Result]:
    """Every planned cell of a paper as it stands."""
    return [read_result(cell, results) for cell in specification(paper).cells(scale)]


def pages(name: str) -> dict[str, Mapping]:
    """What the page shows of a paper's own tables (papers/<name>/pages.yaml), by target."""
    file = PAPERS / name / "pages.yaml"
    return parse_yaml(file.read_text(encoding="utf-8")) if file.is_file() else {}


def own_name(name: str) -> str:
    """What a method is called here that some paper prints under another name."""
    return next((paper(each).names[name] for each in papers() if name in paper(each).names), name)


def figures(paper: str, results: Path) -> list[Figure]:
    """All pictures of a paper; of one that is there as SVG and as PNG, the SVG."""
    files = {}
    for ending in reversed(PICTURES):
        files |= {file.stem: file for file in sorted((results / "figures").glob(f"{paper}_*{ending}"))}
    found = []
    for stem, file in sorted(files.items()):
        rows = csv(file.with_suffix(".csv"))
        picture = f"data:{PICTURES[file.suffix]};base64,{base64.b64encode(file.read_bytes()).decode()}"
        found.append(Figure(stem.removeprefix(f"{paper}_"), picture, pd.DataFrame() if rows is None else rows))
    return found


def trials(results: Path) -> list[dict]:
    """Every search for settings: {paper, split, cell, trials, hours}."""
    found = []
    for file in sorted((results / "tuning").glob("*/*/*.json")):
        tried = read_json(file).get("trials", [])
        seconds = sum(trial.get("seconds") or 0 for trial in tried)
        about = {"paper": file.parts[-3], "split": file.parent.name, "cell": file.stem}
        found.append({**about, "trials": len(tried), "hours": seconds / 3600})
    return found


@cache
def label(name: str) -> str:
    """What a method, a strategy (`casr-d`) or a data set is called; its own name where it has no card, as the methods
    of papers have that are not run here."""
    name = own_name(name)
    for look in (
        lambda: strategy_label(name),
        lambda: card(name).label,
    ):
        try:
            return look()
        except (BadInput, KeyError):
            continue
    return "alone" if name == "none" else name
