"""Draw the dose curves (kinds/dose.py), and write their numbers."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from paper_tables import latex, marks
from paper_tables.labels import method_label, strategy_label
from paper_tables.pictures import save
from paper_tables.results import DONE
from paper_tables.spec.dose import CONTROL
from paper_tables.study import Study

# Okabe and Ito's colours, which colour-blind readers tell apart; the markers differ, too
CURVE, RANDOM = "#0072B2", "#8A8A8A"
MARKS = ("s", "o", "^")
MARKED = ("#D55E00", "#009E73", "#CC79A7")
SYMBOLS = {"eta": "η", "zeta": "ζ"}
ORACLE, TREATMENT = "oracle", "treatment"
HALF = 0.5  # the noise from which on the papers' theorems promise nothing


def picture(study: Study, target: str, rows: pd.DataFrame, folder: Path) -> None:
    """A row of panels for each world, a column for each anchor."""
    dose, paper = study.plan.dose, study.paper
    settings, anchors = list(rows["setting"].unique()), list(rows["anchor"].unique())
    height, width = max(1, len(settings)), max(1, len(anchors))
    drawing, axes = plt.subplots(
        height, width, figsize=(2.75 * width + 0.6, 2.35 * height + 1.15), squeeze=False, layout="constrained",
        sharex=True, sharey="row",
    )  # fmt: skip
    for across, setting in zip(axes, settings, strict=False):
        for panel, anchor in zip(across, anchors, strict=True):
            _panel(panel, rows[(rows["setting"] == setting) & (rows["anchor"] == anchor)])
        across[0].set_ylabel(f"{setting}\ngain in {paper.metrics[-1].head} (points)", fontsize=9)
    if len(rows):
        for panel, anchor in zip(axes[0], anchors, strict=True):
            panel.set_title(method_label(anchor), fontsize=11)
        for panel in axes[-1]:
            panel.set_xlabel(f"rate {SYMBOLS[dose.setting]} of wrong answers", fontsize=9)
        drawing.legend(
            handles=_legend(rows),
            loc="outside lower center",
            ncols=min(4, 1 + len(anchors)),
            frameon=False,
            fontsize=8.5,
        )
    else:
        axes[0, 0].text(0.5, 0.5, "not run at this scale", ha="center", va="center")
        axes[0, 0].set_axis_off()
    draws = int(rows.loc[rows["kind"] == ORACLE, "draws"].max()) if len(rows) else 0
    of = f", {draws} draws of each world" if draws > 1 else ""
    title = f"{paper.label}: what true answers bring, and what is left where some are wrong{of}"
    drawing.suptitle(title, fontsize=11)
    save(drawing, folder, f"{paper.name}_dose")


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    done = rows[(rows["status"] == DONE) & rows["gain"].notna()]
    curve, control = done[done["kind"] == ORACLE], done[done["kind"] == CONTROL]
    axes.axvline(HALF, color="0.75", linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.axhline(0, color="black", linewidth=1.1, zorder=2)
    if len(control):
        gain, low, high = control[["gain", "low", "high"]].iloc[0]
        axes.axhspan(low, high, color=RANDOM, alpha=0.15, linewidth=0, zorder=0)
        axes.axhline(gain, color=RANDOM, linewidth=1.3, linestyle=(0, (1, 1.6)), zorder=1)
    axes.fill_between(curve["x"], curve["low"], curve["high"], color=CURVE, alpha=0.2, linewidth=0, zorder=3)
    axes.plot(curve["x"], curve["gain"], color=CURVE, marker="o", markersize=4, linewidth=1.8, zorder=4)
    for name, row in _treatments(done).items():
        marker, colour = _look(rows, name)
        error = [[row["gain"] - row["low"]], [row["high"] - row["gain"]]]
        axes.errorbar(
            row["x"], row["gain"], error, color=colour, marker=marker, markersize=6, linewidth=1.1, zorder=5,
            markeredgecolor="white", markeredgewidth=0.7,
        )  # fmt: skip
    for row in rows[(rows["status"] != DONE) & (rows["kind"] == ORACLE)].itertuples():
        where = {"transform": axes.get_xaxis_transform(), "ha": "center", "rotation": 90}
        axes.text(row.rate, 0.03, row.status, fontsize=7, color="0.4", **where)
    if len(curve):
        _notes(axes, curve)
    axes.set_xlim(-0.04, 1.04)
    axes.margins(y=0.14)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92", linewidth=0.6)


def _notes(axes: Axes, curve: pd.DataFrame) -> None:
    """How good the anchor is alone, and where the gain is gone."""
    axes.text(1.02, 0.97, f"alone {curve['plain_mean'].iloc[0]:.1f} %", fontsize=8, color="0.25", ha="right", va="top",
              transform=axes.transAxes)  # fmt: skip
    place = curve["break_even"].iloc[0]
    if 0 < place <= 1:
        axes.plot(place, 0, marker="v", color="black", markersize=6, zorder=6)
        number = axes.annotate(f"{place:.2f}", (place, 0), (-4, -4), textcoords="offset points", fontsize=8.5, zorder=7)
        number.set(weight="bold", ha="right", va="top", path_effects=[withStroke(linewidth=2.5, foreground="white")])


def _treatments(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Those whose rate is known."""
    found = rows[(rows["kind"] == TREATMENT) & rows["x"].notna()]
    return {row["method"]: row for _, row in found.iterrows()}


def _look(rows: pd.DataFrame, method: str) -> tuple[str, str]:
    place = list(rows.loc[rows["kind"] == TREATMENT, "method"].unique()).index(method)
    return MARKS[place % len(MARKS)], MARKED[place % len(MARKED)]


def _legend(rows: pd.DataFrame) -> list[Line2D | Patch]:
    handles = [
        Line2D([], [], color=CURVE, marker="o", markersize=4, label="oracle, a rate of its answers wrong"),
        Patch(facecolor=CURVE, alpha=0.2, label="95 %, two levels"),
        Line2D([], [], color=RANDOM, linestyle=(0, (1, 1.6)), label="random control"),
        Line2D([], [], color="black", linewidth=1.1, label="anchor alone"),
    ]
    for name in rows.loc[rows["kind"] == TREATMENT, "method"].unique():
        marker, colour = _look(rows, name)
        label = f"{strategy_label(name)} at its measured rate"
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="", markersize=6, label=label))
    handles.append(Line2D([], [], color="black", marker="v", linestyle="", label="break-even"))
    handles.append(Line2D([], [], color="0.75", linestyle=(0, (4, 3)), label="no theorem beyond ½"))
    return handles


def render(study: Study, target: str, rows: pd.DataFrame) -> str:
    """A figure environment that shows the picture."""
    paper, scale = study.paper.name, study.scale["scale"]
    caption = (
        rf"Could a gain have been seen? Scale \textit{{{latex.escape(scale)}}}: gain over the plain anchor (points) of "
        "training with an oracle's answers, over the rate of wrong ones, in worlds whose truth is known; band: "
        r"95\,\% of two levels, the draw of the world and the user. Dotted: the random control. Triangle: the rate at "
        "which the gain is gone. Marks: the paper's own treatments, with as many sequences or lists as their settings "
        f"say. {marks.legend(rows)}"
    )
    return "\n".join(
        [
            r"\begin{figure}[p]",
            r"\centering",
            rf"\providecommand{{\{paper}figures}}{{.}}",
            r"\includegraphics[width=\textwidth,height=0.85\textheight,keepaspectratio]"
            rf"{{\{paper}figures/{paper}_dose.pdf}}",
            rf"\caption{{{caption.strip()}}}",
            rf"\label{{fig:{paper}-dose}}",
            r"\end{figure}",
            "",
        ]
    )
