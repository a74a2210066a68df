"""An accuracy table as LaTeX, from its tidy frame: methods down, some data sets side by side."""

from collections.abc import Sequence

import pandas as pd

from paper_tables import latex, marks
from paper_tables.kinds.layout import layout, printed_beside
from paper_tables.labels import dataset_label, method_label
from paper_tables.results import DONE, FAILED, NOT_RUN
from paper_tables.statistics import LEVEL
from paper_tables.study import Study

PANEL = 3  # data sets side by side
REASON = 160  # letters of a failure's reason in a caption; the CSV has all


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The frame, with its marks, as one table environment for every three data sets.

    Data sets of which nothing was run are named in the caption and stand in the CSV only. `title` and `note` of the
    paper's file are LaTeX; the labels are `tab:<paper>-<table>-<panel>`.
    """
    content, paper = study.paper.targets[target], study.paper
    named = content.get("printed", target)
    title = (
        f"{paper.label}'s Table {named}" if "printed" in content else f"{paper.label}, {content.get('title', target)}"
    )
    title, note, name = (
        f"{title}, scale \\textit{{{study.scale['scale']}}}",
        content.get("note", ""),
        f"{paper.name}-{named}",
    )
    if not any(pattern.get("best") for pattern in paper.rows[content["rows"]]):
        frame = frame.assign(sampler="")  # its rows name the sampler
    frame = frame.assign(metric=[f"{row.metric}@{row.k}" if row.k else row.metric for row in frame.itertuples()])
    run = frame.groupby("dataset", sort=False)["status"].agg(lambda status: (status != NOT_RUN).any())
    shown = [dataset for dataset in run.index if run[dataset]] or list(run.index)
    left_out = [dataset for dataset in run.index if dataset not in shown]
    panels = [shown[start : start + PANEL] for start in range(0, len(shown), PANEL)]
    tables = []
    for number, datasets in enumerate(panels, start=1):
        part = f" (part {number} of {len(panels)})" if len(panels) > 1 else ""
        caption = f"{title}{part}. {_legend(frame, left_out)} {note}".strip() if number == 1 else f"{title}{part}."
        tables.append(_panel(frame, datasets, caption, f"tab:{name}-{number}"))
    return "\n".join(tables)


def _panel(frame: pd.DataFrame, datasets: Sequence[str], caption: str, name: str) -> str:
    found = {(row.row, row.dataset, row.metric): row for row in frame.itertuples()}
    metrics = list(frame["metric"].unique())

    def number(row: str, column: int, metric: int) -> str:
        return _number(found.get((row, datasets[column], metrics[metric])))

    heads = [marks.marked_label(frame, dataset) for dataset in datasets]
    return layout(frame, heads, [metric.upper() for metric in metrics], number, caption, name)


def _number(row: object) -> str:
    if row is None:
        return ""
    printed = printed_beside(row)
    if row.status != DONE:
        return rf"\textit{{{row.status}}}{printed}"
    signs = r"$\downarrow$" if row.lowered else ""
    signs += "*" if row.significant else ""
    signs += marks.of_flags(row.flags)
    if row.sampler:
        signs += rf"\textsubscript{{{latex.escape(method_label(row.sampler)[:2])}}}"
    return latex.number(row.mean, row.std, bold=row.best, marks=signs) + printed


def _legend(frame: pd.DataFrame, left_out: Sequence[str]) -> str:
    """What the marks mean, and only the marks that occur."""
    done = frame[frame["status"] == DONE]
    parts = [
        r"In percent, of one test item a user, all items ranked; mean $\pm$ standard deviation over seeds "
        rf"({_span(done['seeds'])}); in parentheses the printed number. Bold: best of its block."
    ]
    if done["lowered"].any():
        parts.append(r"$\downarrow$: lower than the plain anchor.")
    tests = int(done["p_value"].notna().sum())
    if tests:
        parts.append(
            f"*: differs from the plain anchor, {tests} paired sign-flip permutation tests, unit: the user (results "
            rf"averaged over seeds first), Holm's correction within the table, $p<{LEVEL}$."
        )
    if (done["sampler"] != "").any():
        names = sorted({method_label(sampler) for sampler in done["sampler"] if sampler})
        parts.append(f"Subscript: sampler ({', '.join(f'{latex.escape(n[:2])} = {latex.escape(n)}' for n in names)}).")
    history = "history" if "history" in done else "candidates"
    for reading, meaning in (("kept", "among the candidates"), ("removed", "left out")):
        rows = done.loc[done[history] == reading, "anchor"].unique()
        if len(rows):
            parts.append(f"Items of the user's history are {meaning} for {_names(rows)}.")
    if "objective" in done:
        for objective, rows in done[done["objective"] != ""].groupby("objective")["anchor"].unique().items():
            parts.append(f"Objective {latex.escape(objective)}: {_names(rows)}.")
    parts.append(share_note(done))
    parts.append(marks.legend(frame[~frame["dataset"].isin(left_out)]))
    parts.append(marks.flags_legend(done["flags"]))
    failed = frame[(frame["status"] == FAILED) & (frame["metric"] == frame["metric"].iloc[0])]
    for reason, rows in failed.groupby("reason", sort=False):
        which = ", ".join(f"{row.row} on {dataset_label(row.dataset)}" for row in rows.itertuples())
        parts.append(latex.escape(f"Failed, {which}: {reason[:REASON]}."))
    if left_out:
        parts.append(
            f"Not run at this scale: {', '.join(latex.escape(dataset_label(dataset)) for dataset in left_out)}."
        )
    return " ".join(filter(None, parts))


def _names(methods: Sequence[str]) -> str:
    return ", ".join(latex.escape(method_label(method)) for method in methods)


def _span(seeds: pd.Series) -> str:
    if seeds.empty:
        return "none run"
    low, high = int(seeds.min()), int(seeds.max())
    return f"{low}" if low == high else f"{low} to {high}, by data set"


def share_note(frame: pd.DataFrame) -> str:
    """A sentence for the caption, where only a part of the training samples was augmented; LaTeX."""
    shares = sorted(frame.loc[frame["share"] < 1, "share"].astype(float).unique()) if "share" in frame else []
    values = " or ".join(rf"{100 * share:g}\,\%" for share in shares)
    return f"Augmented on a share of $r={values}$ of the training samples." if shares else ""
