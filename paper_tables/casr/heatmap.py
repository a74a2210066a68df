"""The relative difference of measured from printed for every number of Tables 2 and 3, as one picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from paper_tables.casr.labels import dataset_label, method_label, row_label
from paper_tables.pictures import save
from paper_tables.verdicts import NOT_RUN, SUSPECT, signs

COLOURS = "PuOr"  # orange below, purple above: told apart by every kind of colour vision, and in grey by the sign
EMPTY = "0.92"  # of what was not run
WIDEST = 1.0  # a relative difference of 100 % and more has the full colour
COLUMNS = (
    "table dataset row anchor method sampler metric k unit printed measured relative_difference verdict sign".split()
)
ORDER = ("table", "anchor", "method")
TITLES = {"ndcg": "NDCG@5", "f1": "F1@5"}


def frame(comparison: pd.DataFrame) -> pd.DataFrame:
    """One row for each number that Tables 2 and 3 print, in their order, lost ones in the place of their like."""
    printed = comparison[comparison["verdict"] != ""]
    rows = [_label(row) for row in printed.itertuples()]
    labelled = printed.assign(row=rows, sign=printed["verdict"].map(signs()))
    first = {name: {value: place for place, value in enumerate(labelled[name].unique())} for name in ORDER}
    return labelled.sort_values(list(ORDER), key=lambda column: column.map(first[column.name]), kind="stable")[COLUMNS]


def picture(rows: pd.DataFrame, folder: Path, scale: str) -> None:
    """Write `casr_agreement.pdf` and `.png`: a panel for each table and metric, methods down, data sets across."""
    heights = rows.groupby("table")["row"].nunique()
    drawing, axes = plt.subplots(
        len(heights),
        len(TITLES),
        figsize=(13, 2.5 + 0.24 * heights.sum()),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for line, table in zip(axes, heights.index, strict=True):
        for panel, metric in zip(line, TITLES, strict=True):
            _panel(panel, rows[(rows["table"] == table) & (rows["metric"] == metric)])
            panel.set_title(f"Table {table}, {TITLES[metric]}", fontsize=10)
    colours = plt.cm.ScalarMappable(plt.Normalize(-100 * WIDEST, 100 * WIDEST), COLOURS)
    drawing.colorbar(colours, ax=axes, extend="both", shrink=0.5, label="measured minus printed, % of printed")
    drawing.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    drawing.suptitle(f"CASR, measured against printed, scale '{scale}'", fontsize=11)
    save(drawing, folder, "casr_agreement")


def latex_figure(scale: str) -> str:
    """A figure environment that shows the picture."""
    caption = (
        rf"Relative difference of measured from printed, scale \textit{{{scale}}}, with the verdict's sign. Hatched: "
        "the printed value is suspect (?); grey: not run."
    )
    return "\n".join(
        [
            r"\begin{figure}[p]",
            r"\centering",
            r"\includegraphics[width=\textwidth,height=0.85\textheight,keepaspectratio]"
            r"{\casrfigures/casr_agreement.pdf}",
            rf"\caption{{{caption}}}",
            r"\label{fig:casr-agreement}",
            r"\end{figure}",
            "",
        ]
    )


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    methods, datasets = list(rows["row"].unique()), list(rows["dataset"].unique())
    x, y = rows["dataset"].map(datasets.index), rows["row"].map(methods.index)
    known = rows["relative_difference"].where(rows["verdict"] != SUSPECT)
    shades = np.full((len(methods), len(datasets)), np.nan)
    shades[y, x] = known / WIDEST
    axes.set_facecolor(EMPTY)
    axes.pcolormesh(shades, cmap=COLOURS, vmin=-1, vmax=1, edgecolors="0.8", linewidth=0.5)
    for left, top, value, row in zip(x, y, known, rows.itertuples(), strict=True):
        if row.verdict == SUSPECT:
            axes.add_patch(Rectangle((left, top), 1, 1, facecolor="white", edgecolor="0.6", hatch="////", lw=0.5))
        text = row.sign if value != value else f"{100 * value:+.0f} {row.sign}"
        colour = "white" if abs(value) > 0.75 * WIDEST else "black"
        if row.verdict != NOT_RUN:
            axes.text(left + 0.5, top + 0.5, text, ha="center", va="center", fontsize=6.5, color=colour)
    axes.invert_yaxis()
    labels = [dataset_label(name) for name in datasets]
    axes.set_xticks(np.arange(len(datasets)) + 0.5, labels, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(np.arange(len(methods)) + 0.5, methods, fontsize=7)
    axes.tick_params(length=0)


def _legend() -> list[Patch]:
    looks = {SUSPECT: {"hatch": "////"}, NOT_RUN: {"facecolor": EMPTY, "label": NOT_RUN}}
    return [
        Patch(**{"facecolor": "white", "edgecolor": "0.6", "label": f"{sign}  {name}"} | looks.get(name, {}))
        for name, sign in signs().items()
    ]


def _label(row: object) -> str:
    name = row_label(row.anchor, "" if row.method == "none" else row.method)
    return f"{name}, {method_label(row.sampler)}" if row.sampler else name
