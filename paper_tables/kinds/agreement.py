"""The relative difference of measured from printed for every number of a paper's result tables, as one picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from paper_tables.judge.comparison import paper_comparison
from paper_tables.judge.verdicts import CANNOT_TELL, NOT_RUN, SUSPECT, signs
from paper_tables.labels import dataset_label, method_label, row_label, setting_label
from paper_tables.pictures import save
from paper_tables.spec.paper import Metric, Paper
from paper_tables.study import Study

MARKED = False
COLOURS = "PuOr"  # orange below, purple above: told apart by every kind of colour vision, and in grey by the sign
EMPTY = "0.92"  # of what was not run
WIDEST = 1.0  # a relative difference of 100 % and more has the full colour
COLUMNS = (
    "table dataset setting row anchor method sampler metric k unit printed measured relative_difference "
    "verdict by_numbers sign"
).split()
# how a verdict looks that has no shade; the others have that of their difference
BLANK = {SUSPECT: {"hatch": "////"}, CANNOT_TELL: {"hatch": "...."}}
ORDER = ("table", "anchor", "method")


def frame(study: Study, target: str) -> pd.DataFrame:
    return of_comparison(study.paper, paper_comparison(study))


def of_comparison(paper: Paper, comparison: pd.DataFrame) -> pd.DataFrame:
    """One row for each number that the tables print, in their order, lost ones in the place of their like."""
    printed = comparison[comparison["verdict"] != ""]
    rows = [_label(paper, row) for row in printed.itertuples()]
    sign = printed["verdict"].map(signs()) + printed["by_numbers"].map(signs()).fillna("")
    labelled = printed.assign(row=rows, sign=sign)
    first = {name: {value: place for place, value in enumerate(labelled[name].unique())} for name in ORDER}
    return labelled.sort_values(list(ORDER), key=lambda column: column.map(first[column.name]), kind="stable")[COLUMNS]


def picture(study: Study, target: str, rows: pd.DataFrame, folder: Path) -> None:
    """Write `<paper>_agreement.pdf` and `.png`: a panel for each table and metric, methods down, data across."""
    paper, scale = study.paper, study.scale["scale"]
    metrics = list(dict.fromkeys(zip(rows["metric"], rows["k"], strict=True)))
    heights = rows.groupby("table")["row"].nunique()
    drawing, axes = plt.subplots(
        len(heights),
        len(metrics),
        figsize=(13, 2.5 + 0.24 * heights.sum()),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for line, table in zip(axes, heights.index, strict=True):
        for panel, metric in zip(line, metrics, strict=True):
            _panel(panel, rows[(rows["table"] == table) & (rows["metric"] == metric[0]) & (rows["k"] == metric[1])])
            panel.set_title(f"Table {table}, {Metric(*metric).head}", fontsize=10)
    colours = plt.cm.ScalarMappable(plt.Normalize(-100 * WIDEST, 100 * WIDEST), COLOURS)
    drawing.colorbar(colours, ax=axes, extend="both", shrink=0.5, label="measured minus printed, % of printed")
    drawing.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    drawing.suptitle(f"{paper.label}, measured against printed, scale '{scale}'", fontsize=11)
    save(drawing, folder, f"{paper.name}_{target}")


def render(study: Study, target: str, rows: pd.DataFrame) -> str:
    """A figure environment that shows the picture."""
    paper, scale = study.paper.name, study.scale["scale"]
    caption = (
        rf"Relative difference of measured from printed, scale \textit{{{scale}}}, with the verdict's sign, and behind "
        "that of a number that is not comparable the one that it would get. Hatched: "
        "the printed value is suspect (?); dotted: the run cannot tell (\\textasciitilde); grey: not run."
    )
    return "\n".join(
        [
            r"\begin{figure}[p]",
            r"\centering",
            rf"\providecommand{{\{paper}figures}}{{.}}",
            r"\includegraphics[width=\textwidth,height=0.85\textheight,keepaspectratio]"
            rf"{{\{paper}figures/{paper}_agreement.pdf}}",
            rf"\caption{{{caption}}}",
            rf"\label{{fig:{paper}-agreement}}",
            r"\end{figure}",
            "",
        ]
    )


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    places = list(zip(rows["dataset"], rows["setting"], strict=True))
    methods, columns = list(rows["row"].unique()), list(dict.fromkeys(places))
    x, y = [columns.index(place) for place in places], rows["row"].map(methods.index)
    known = rows["relative_difference"].where(~rows[["verdict", "by_numbers"]].isin(list(BLANK)).any(axis=1))
    shades = np.full((len(methods), len(columns)), np.nan)
    shades[y, x] = known / WIDEST
    axes.set_facecolor(EMPTY)
    axes.pcolormesh(shades, cmap=COLOURS, vmin=-1, vmax=1, edgecolors="0.8", linewidth=0.5)
    for left, top, value, row in zip(x, y, known, rows.itertuples(), strict=True):
        if look := BLANK.get(row.verdict) or BLANK.get(row.by_numbers):
            axes.add_patch(Rectangle((left, top), 1, 1, facecolor="white", edgecolor="0.6", lw=0.5, **look))
        text = row.sign if value != value else f"{100 * value:+.0f} {row.sign}"
        colour = "white" if abs(value) > 0.75 * WIDEST else "black"
        if row.verdict != NOT_RUN:
            axes.text(left + 0.5, top + 0.5, text, ha="center", va="center", fontsize=6.5, color=colour)
    axes.invert_yaxis()
    named = {name for name, _ in columns}
    labels = [
        setting_label(setting) if setting and len(named) == 1 else dataset_label(name) for name, setting in columns
    ]
    axes.set_xticks(np.arange(len(columns)) + 0.5, labels, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(np.arange(len(methods)) + 0.5, methods, fontsize=7)
    axes.tick_params(length=0)


def _legend() -> list[Patch]:
    looks = {**BLANK, NOT_RUN: {"facecolor": EMPTY, "label": NOT_RUN}}
    return [
        Patch(**{"facecolor": "white", "edgecolor": "0.6", "label": f"{sign}  {name}"} | looks.get(name, {}))
        for name, sign in signs().items()
    ]


def _label(paper: Paper, row: object) -> str:
    treatment = "" if row.method == "none" else paper.own_name(row.method)
    name = row_label(paper.own_name(row.anchor), treatment)
    return f"{name}, {method_label(row.sampler)}" if row.sampler else name
