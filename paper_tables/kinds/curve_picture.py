"""Curves as pictures (matplotlib) and as LaTeX (pgfplots, which reads the CSV)."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from paper_tables import latex, marks, nearly_observed
from paper_tables.labels import method_label, strategy_label
from paper_tables.pictures import save
from paper_tables.results import DONE
from paper_tables.study import Study

# Okabe and Ito's colours, which colour-blind readers tell apart; the markers differ, too
STYLES = {"casr-h": ("#D55E00", "s"), "casr-d": ("#0072B2", "o"), "casr-m": ("#009E73", "^")}
PGF_MARKS = {"s": "square*", "o": "*", "^": "triangle*"}


def picture(study: Study, target: str, frame: pd.DataFrame, folder: Path) -> None:
    """Write `<paper>_<figure>.pdf` and `.png`: one panel a data set, two panels a row."""
    paper = study.paper
    datasets = list(frame["dataset"].unique())
    columns = min(2, max(1, len(datasets)))
    height = -(-max(1, len(datasets)) // columns)
    drawing, axes = plt.subplots(
        height, columns, figsize=(4.8 * columns, 3.2 * height + 0.9), squeeze=False, layout="constrained"
    )
    for panel, dataset in zip(axes.flat, datasets, strict=False):
        _panel(panel, frame[frame["dataset"] == dataset], study, target)
    for panel in list(axes.flat)[len(datasets) :]:
        panel.set_axis_off()
    if datasets:
        drawing.legend(handles=_legend(frame), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    else:
        axes[0, 0].text(0.5, 0.5, "not run at this scale", ha="center", va="center")
    drawing.suptitle(
        f"{paper.label}, {target.replace('figure', 'Figure ')}, scale '{study.scale['scale']}'", fontsize=11
    )
    save(drawing, folder, f"{paper.name}_{target}")


def _panel(axes: Axes, rows: pd.DataFrame, study: Study, target: str) -> None:
    plain, spread = rows["plain_mean"].iloc[0], rows["plain_std"].iloc[0]
    if plain == plain:
        axes.axhline(plain, color="black", linewidth=1.2)
        if spread == spread:
            axes.axhspan(plain - spread, plain + spread, color="black", alpha=0.10, linewidth=0)
    for strategy, curve in rows.groupby("strategy", sort=False):
        colour, marker = STYLES[strategy]
        axes.plot(curve["position"], curve["mean"], color=colour, marker=marker, markersize=5, linewidth=1.6)
        hollow = near(curve)
        axes.plot(hollow["position"], hollow["mean"], marker, color=colour, markersize=5, markerfacecolor="white")
        axes.errorbar(curve["position"], curve["mean"], curve["std"], fmt="none", color=colour, alpha=0.6, linewidth=1)
        axes.fill_between(curve["position"], curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
        control = curve["control_mean"].iloc[0]
        if control == control:
            axes.axhline(control, color=colour, linewidth=1.1, linestyle=(0, (1, 2)))
    for position, missing in rows[rows["status"] != DONE].groupby("position", sort=False):
        states = missing.groupby("status", sort=False)["strategy"].agg(
            lambda names: ", ".join(map(strategy_label, names))
        )
        text = "; ".join(f"{names} {status}" for status, names in states.items())
        axes.text(position, 0.02, text, rotation=90, fontsize=7, color="0.4", transform=axes.get_xaxis_transform())
    ticks = rows.drop_duplicates("position")
    turned = len(ticks) > 8
    axes.set_xticks(ticks["position"], ticks["label"], rotation=45 if turned else 0, fontsize=8 if turned else 9)
    axes.set_xlim(-0.3, ticks["position"].max() + 0.3)
    axes.set_xlabel(study.paper.targets[target]["axis"])
    axes.set_ylabel(f"{study.paper.selection.head} (%)")
    axes.set_title(f"{marks.plain_label(rows, rows['dataset'].iloc[0])} ({panel_title(rows)})", fontsize=10)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(frame: pd.DataFrame) -> list[Line2D]:
    handles = [
        Line2D([], [], color=STYLES[strategy][0], marker=STYLES[strategy][1], label=curve_label(rows))
        for strategy, rows in frame.groupby("strategy", sort=False)
    ]
    handles.append(Line2D([], [], color="black", label="anchor alone"))
    if frame["control_mean"].notna().any():
        handles.append(Line2D([], [], color="0.3", linestyle=(0, (1, 2)), label="random control of the main cell"))
    if len(near(frame)):
        style = {"marker": "o", "markerfacecolor": "white", "linestyle": "none"}
        handles.append(Line2D([], [], color="0.3", label="hollow: nearly the observed data", **style))
    if frame["std"].notna().any():
        handles.append(Line2D([], [], color="0.6", linewidth=7, alpha=0.4, label="± one standard deviation over seeds"))
    return handles


def pgfplots(study: Study, target: str, frame: pd.DataFrame, caption: str) -> str:
    r"""The figure as LaTeX. It reads `<paper>_<figure>.csv` in \<paper>figures, "." unless set before."""
    paper = study.paper.name
    colours = [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:]}}}" for name, (colour, _) in STYLES.items()]
    panels = [_axis(study, target, rows) for _, rows in frame.groupby("dataset", sort=False)]
    return "\n".join(
        [
            r"\begin{figure}[p]",
            r"\centering",
            rf"\providecommand{{\{paper}figures}}{{.}}",
            *colours,
            "\n".join(panels) or r"\textit{not run at this scale}",
            rf"\caption{{{caption}}}",
            rf"\label{{fig:{paper}-{target[-1]}}}",
            r"\end{figure}",
            "",
        ]
    )


def _axis(study: Study, target: str, rows: pd.DataFrame) -> str:
    paper, metric = study.paper.name, study.paper.selection.head
    file = rf"{{\{paper}figures/{paper}_{target}.csv}}"
    ticks = rows.drop_duplicates("position")
    title = f"{marks.marked_label(rows, rows['dataset'].iloc[0])} ({latex.escape(panel_title(rows))})"
    lines = [
        r"\begin{tikzpicture}",
        r"\begin{axis}[width=0.48\textwidth, height=5.2cm, unbounded coords=discard, filter discard warning=false,",
        rf"  title={{{title}}}, xlabel={{{_axis_name(study, target)}}}, ylabel={{{metric} (\%)}},",
        rf"  xtick={{{','.join(str(position) for position in ticks['position'])}}},",
        rf"  xticklabels={{{','.join(latex.escape(text) for text in ticks['label'])}}},",
        r"  title style={font=\footnotesize}, label style={font=\footnotesize},",
        r"  x tick label style={font=\tiny, rotate=45, anchor=east}, y tick label style={font=\tiny},",
        r"  legend style={font=\tiny, at={(0.5,-0.42)}, anchor=north, legend columns=4, draw=none},",
        r"  error bars/y dir=both, error bars/y explicit]",
    ]
    for strategy, curve in rows.groupby("strategy", sort=False):
        pick = rf"restrict expr to domain={{\thisrow{{series}}}}{{{curve['series'].iloc[0]}:{curve['series'].iloc[0]}}}"
        style = f"color={strategy}, mark={PGF_MARKS[STYLES[strategy][1]]}, thick, {pick}"
        table = "table [col sep=comma, x=position, y=mean"
        if curve["std"].notna().any():
            table += ", y error=std"
        if curve["mean"].notna().any():
            lines += [rf"\addplot[{style}] {table}] {file};", rf"\addlegendentry{{{curve_label(curve)}}}"]
        if curve["control_mean"].notna().any():
            dotted = f"color={strategy}, densely dotted, forget plot, {pick}"
            lines.append(rf"\addplot[{dotted}] table [col sep=comma, x=position, y=control_mean] {file};")
    if rows["plain_mean"].notna().any():
        pick = rf"restrict expr to domain={{\thisrow{{series}}}}{{{rows['series'].iloc[0]}:{rows['series'].iloc[0]}}}"
        lines.append(rf"\addplot[color=black, {pick}] table [col sep=comma, x=position, y=plain_mean] {file};")
        lines.append(rf"\addlegendentry{{{latex.escape(plain_label(rows))}}}")
    return "\n".join([*lines, r"\end{axis}", r"\end{tikzpicture}"])


def _axis_name(study: Study, target: str) -> str:
    return latex.escape(study.paper.targets[target]["axis"].replace("κ", "KAPPA")).replace("KAPPA", r"$\kappa$")


def as_csv(rows: pd.DataFrame) -> pd.DataFrame:
    """pgfplots reads the file: it stumbles over a comma or a per cent sign in a text."""
    texts = ("reason", "flags", "audit_errors")
    return rows.assign(**{name: rows[name].str.replace(r"[^\w .;:()/+-]|_", " ", regex=True) for name in texts})


def panel_title(rows: pd.DataFrame) -> str:
    """`NARM, sampler STAMP` of one panel's rows."""
    first = rows.iloc[0]
    return f"{method_label(first['anchor'])}, sampler {method_label(first['sampler'])}"


def curve_label(rows: pd.DataFrame) -> str:
    return strategy_label(rows["strategy"].iloc[0])


def plain_label(rows: pd.DataFrame) -> str:
    return f"{method_label(rows['anchor'].iloc[0])} alone"


def near(rows: pd.DataFrame) -> pd.DataFrame:
    """The points whose set is nearly the observed data."""
    return rows[rows["flags"].str.contains(nearly_observed.FLAG, regex=False)]
