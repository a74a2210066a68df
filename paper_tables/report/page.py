"""From files to one HTML page. Every section stands on its own: where its file is missing, it says which and how to
make it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pandas as pd

from datasets.pipeline.files import whole_file
from paper_tables.judge import verdicts
from paper_tables.report import costs, known, read, seen
from paper_tables.report.best import Best, best
from paper_tables.report.provenance import Provenance, cell_of, provenance
from paper_tables.report.tables import VERDICTS, Column, Table, finer, records, table
from paper_tables.results import DONE, FAILED, MADE_BEFORE, NOT_RUN, Result
from paper_tables.scale_part import asked

HERE = Path(__file__).parent
INSIDE = {"style": "style.css", "script": "page.js"}
SECTIONS = {
    "seen": "Could this harness have seen it?",
    "agreement": "Agreement",
    "tables": "Measured and printed",
    "figures": "Figures",
    "claims": "Claims",
    "tests": "Tests and controls",
    "readings": "Readings of the protocol",
    "data": "Data and their audits",
    "sets": "Augmented sets",
    "choices": "Assumptions and doubts",
    "costs": "Costs",
    "missing": "Failed and missing cells",
    "cells": "Provenance of each cell",
}

JUDGED = ("reproduced", "direction only", "contradicted", "cannot tell")  # verdicts on two numbers that can be compared


@dataclass(frozen=True)
class Bar:
    """One data set's printed numbers: [(verdict, what their values alone would say, how many)]."""

    name: str
    parts: list[tuple[str, str, int]]

    @property
    def total(self) -> int:
        return sum(count for _, _, count in self.parts)


@dataclass
class Paper:
    """Everything that the page says of one paper. tables: section -> its tables; absent: section -> what is missing."""

    name: str
    states: Counter
    bars: list[Bar]
    sentence: str
    cautions: list[str]
    best: list[Best] = field(default_factory=list)
    tables: dict[str, list[Table]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    figures: list[tuple[read.Figure, list[dict]]] = field(default_factory=list)
    assumptions: list[dict] = field(default_factory=list)
    anomalies: list[dict] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    not_run: dict[str, list[str]] = field(default_factory=dict)
    cells: list[Provenance] = field(default_factory=list)


def write(scale: Mapping, results: Path) -> Path:
    """Make `results/<scale>/report.html` from what there is; gives its path."""
    target = Path(results) / "report.html"
    with whole_file(target) as temporary:
        temporary.write_text(html(scale, Path(results)), encoding="utf-8")
    return target


def html(scale: Mapping, results: Path) -> str:
    papers = [paper(name, scale, results) for name in scale.get("papers") or {}]
    standing = sorted(file.name for file in (results / "standing").glob("*.html"))
    return render("report.html.j2", scale=scale, papers=papers, sections=SECTIONS, standing=standing)


def render(template: str, **content: object) -> str:
    """A page with its style and script inside, so that it needs no network. Everything else is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    inside = {name: (HERE / file).read_text(encoding="utf-8") for name, file in INSIDE.items()}
    return environment.get_template(template).render(verdicts=VERDICTS, **inside, **content)


def paper(name: str, scale: Mapping, results: Path) -> Paper:
    found = read.results_of(name, scale, results)
    states = Counter(result.status for result in found)
    compared = read.csv(results / "comparison.csv")
    rows = pd.DataFrame() if compared is None else compared[compared["paper"] == name]
    if "targets" in scale["papers"][name] and len(rows):  # what the scale does not ask for is not missing
        rows = rows[rows["status"] != NOT_RUN]
    about = Paper(name, states, bars(rows), sentence(states, rows), cautions(rows, found, results))
    about.best = best(name, found)
    about.assumptions, about.anomalies = read.entries(name, "assumptions"), read.entries(name, "anomalies")
    about.failed = [result for result in found if result.status == FAILED]
    about.cells = [provenance(result) for result in found if result.content]
    for result in found:
        if not result.content:
            about.not_run.setdefault(result.cell.split, []).append(result.cell.name)
    _comparison(about, rows, scale, results)
    _files(about, scale, results)
    made = asked(scale, name, read.specification(name).TARGETS)
    about.tables["seen"] = seen.tables(name, results)
    claims = read.csv(results / "tables" / f"{name}_claims.csv")
    said = [] if claims is None else claims.to_dict("records")
    about.figures = [
        (figure, [claim for claim in said if figure.title in claim.get("where", "")])
        for figure in read.figures(name, results)
        if figure.name in made
    ]
    if not about.figures:
        about.absent["figures"] = [f"{results / 'figures'}: {how(scale)}"]
    about.tables["missing"] = [_failed(name, about.failed)] if about.failed else []
    about.tables["costs"] = [costs.by_data_set(name, found), *costs.tuning(name, scale, results)]
    return about


def bars(rows: pd.DataFrame) -> list[Bar]:
    """One bar a data set of which something was run; only numbers that the paper prints count."""
    if rows.empty:
        return []
    printed = rows[rows["printed_text"] != ""]
    printed = printed[printed["dataset"].isin(printed.loc[printed["status"] != NOT_RUN, "dataset"])]
    counts = printed.groupby(["dataset", "verdict", "by_numbers"]).size()
    order = [(each, bare) for each in VERDICTS for bare in ("", *VERDICTS)]
    return [
        Bar(read.label(name), [(*pair, count) for pair in order if (count := int(counts.get((name, *pair), 0)))])
        for name in printed["dataset"].unique()
    ]


def not_run(rows: pd.DataFrame) -> list[str]:
    """The data sets of which the paper prints numbers, and nothing was run."""
    if rows.empty:
        return []
    runs = (rows["status"] != NOT_RUN).groupby(rows["dataset"], sort=False).any()
    return [read.label(name) for name in runs[~runs].index]


def sentence(states: Counter, rows: pd.DataFrame) -> str:
    """What was run, what reproduces and what does not, in words."""
    total = states.total()
    run = f"Of {total:,} planned cells {states[DONE]:,} are done, {states[FAILED]:,} failed"
    run += f" and {total - states[DONE] - states[FAILED]:,} were not run."
    if rows.empty:
        return f"{run} They are not compared with the printed numbers yet."
    counts = Counter(rows.loc[rows["printed_text"] != "", "verdict"])
    judged = sum(counts[each] for each in JUDGED)
    aside = [f"{counts[each]:,} {each}" for each in ("not comparable", "printed value suspect") if counts[each]]
    rest = f" Besides: {', '.join(aside)}." if aside else ""
    bare = Counter(rows["by_numbers"])
    alone = [f"{bare[each]:,} {each}" for each in JUDGED if bare[each]]
    rest += f" What is not comparable would by its numbers alone be: {', '.join(alone)}." if alone else ""
    unknown = f"; of {counts['cannot tell']:,} the runs cannot tell" if counts["cannot tell"] else ""
    if not judged:
        return f"{run} None of the {counts.total():,} printed numbers could be compared with a measured one.{rest}"
    return (
        f"{run} Of {counts.total():,} printed numbers {judged:,} could be compared: {counts['reproduced']:,} "
        f"reproduced, {counts['direction only']:,} in direction only, {counts['contradicted']:,} "
        f"contradicted{unknown}.{rest}"
    )


def cautions(rows: pd.DataFrame, found: list[Result], results: Path) -> list[str]:
    """What a reader must know before the first number: why numbers cannot be compared, and what is of two runs."""
    said = [] if rows.empty else verdicts.incomparable(rows)
    told = [f"{read.label(name)}, not comparable in {len(of):,} of its numbers: {why}." for name, why, of in said]
    if untouched := not_run(rows):
        told.append(f"Nothing was run on {', '.join(untouched)}.")
    if mixed := sum(any(flag.startswith(MADE_BEFORE) for flag in result.flags) for result in found):
        told.append(f"{mixed:,} cells were made before what they build on was run again, and are flagged: of two runs.")
    if (results / "comparison.csv").is_file():
        made = (results / "comparison.csv").stat().st_mtime
        files = [result.folder / "result.json" for result in found if result.content]
        if later := sum(file.stat().st_mtime > made for file in files):
            told.append(f"{later:,} cells were made after comparison.csv, and verdicts do not know of them yet.")
    return told


def _failed(paper: str, failed: list[Result]) -> Table:
    columns = (Column("split", "Split"), Column("cell", "Cell"), Column("reason", "Why"))
    rows = [{"split": each.cell.split, "cell": each.cell.name, "reason": each.reason} for each in failed]
    return table(f"{paper}-failed", "Failed", records(rows), columns)


def how(scale: Mapping, command: str = "tables") -> str:
    return f"not there yet; make {command} SCALE={scale['scale']}"


def _comparison(about: Paper, rows: pd.DataFrame, scale: Mapping, results: Path) -> None:
    """The paper's result tables with verdicts; until they are compared, as they were measured."""
    shown = about.tables.setdefault("tables", [])
    if rows.empty:
        about.absent["tables"] = [f"{results / 'comparison.csv'}: {how(scale, 'compare')}"]
    for number in sorted(rows["table"].unique() if len(rows) else [], key=lambda each: each or "~"):
        title = f"Table {number}" if number else "Measured, and not printed"
        own = _linked(about, rows[rows["table"] == number])
        columns, note = _as_printed(own, known.COMPARISON), known.COMPARISON_NOTE
        shown.append(table(f"{about.name}-table-{number}", title, own, columns, note, quiet="status"))
    for name in known.accuracy_files(about.name) if rows.empty else ():
        own = read.csv(results / "tables" / f"{about.name}_{name}.csv")
        if own is not None:
            cells = [row.get("cell") or cell_of(row, about.name) for row in own.to_dict("records")]
            own, title = _linked(about, own.assign(cell=cells)), name.replace("table", "Table ")
            columns = _as_printed(own, known.ACCURACY)
            shown.append(table(f"{about.name}-{name}", title, own, columns, quiet="status"))


def _as_printed(rows: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """With the digits of the paper's unit."""
    return finer(columns) if (rows["unit"] == "fraction").all() else columns


def _linked(about: Paper, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, naming only cells of which the page has something to say."""
    there = {each.identifier for each in about.cells}
    known_cells = ["; ".join(cell for cell in cells.split("; ") if cell in there) for cells in rows["cell"]]
    return rows.assign(cell=known_cells)


def _files(about: Paper, scale: Mapping, results: Path) -> None:
    """Every other table of the paper that is there, and the names of those that the scale makes and that are not."""
    made = asked(scale, about.name, read.specification(about.name).TARGETS)
    for name, (section, title, note, columns) in {**known.own_files(about.name), **known.FILES}.items():
        file = results / "tables" / f"{about.name}_{name}.csv"
        own = read.csv(file)
        if own is None and name in made:
            about.absent.setdefault(section, []).append(f"{file}: {how(scale)}")
        elif own is not None:
            about.tables.setdefault(section, []).append(
                table(f"{about.name}-{name}-rows", title, own, columns, note, quiet="status")
            )
