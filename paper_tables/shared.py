"""The tables that every paper has, whatever it measures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from paper_tables import audit, claims, controls, heatmap, ledger, marks, significance, tuning, verdict_table
from paper_tables.cell import Cell
from paper_tables.comparison import paper_comparison
from paper_tables.files import write_csv, write_text
from paper_tables.lines import Line
from paper_tables.measures import Measures

TARGETS = ("controls", "tests", "tuning", "audit", "verdicts", "claims")


@dataclass(frozen=True)
class Source:
    """What a paper gives: lines with what they are compared with, cells that may be searched, its evidence for claims
    (each asked for only by the table that needs it); data: data set of its tables -> the data sets behind it;
    printed_gain: of a line and metric the gain that the paper prints, in percentage points.
    """

    measures: Measures
    scale: Mapping
    results: Path
    lines: Callable[[], Iterable[Line]]
    searched: Callable[[], Iterable[Cell]]
    evidence: Callable[[], pd.DataFrame]
    data: Mapping[str, Iterable[str]]
    printed_gain: significance.PrintedGain


def table(target: str, source: Source) -> tuple[pd.DataFrame, str]:
    """(frame, LaTeX) of one of TARGETS."""
    measures, paper = source.measures, source.measures.paper
    if target == "audit":
        rows = audit.frame(source.data, source.results)
        return rows, audit.render(rows, paper)
    if target == "claims":
        rows = claims.ledger(paper, source.evidence())
        return rows, ledger.render(rows, paper)
    module, rows = {
        "controls": lambda: (controls, controls.frame(source.lines(), measures)),
        "tests": lambda: (significance, significance.frame(source.lines(), measures, source.printed_gain)),
        "tuning": lambda: (tuning, tuning.frame(source.searched(), source.results)),
        "verdicts": lambda: (verdict_table, verdict_table.frame(_comparison(source))),
    }[target]()
    rows = marks.with_marks(rows, source.results, source.data)
    return rows, module.render(rows, measures)


def write_agreement(source: Source) -> None:
    """The picture of measured against printed, with its numbers and LaTeX."""
    measures, rows, folder = source.measures, heatmap.frame(_comparison(source)), Path(source.results) / "figures"
    write_csv(folder / f"{measures.paper}_agreement.csv", rows, source.scale)
    write_text(folder / f"{measures.paper}_agreement.tex", heatmap.latex_figure(measures, source.scale["scale"]))
    heatmap.picture(rows, measures, folder, source.scale["scale"])


def _comparison(source: Source) -> pd.DataFrame:
    return paper_comparison(source.measures.paper, source.scale, source.results)
