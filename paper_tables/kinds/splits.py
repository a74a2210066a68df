"""The plain methods on other splits: how much of a result is the order of the items, or the protocol?"""

from dataclasses import replace

import pandas as pd

from datasets.pipeline.split_name import SplitName
from paper_tables import latex, marks
from paper_tables.differences import percent
from paper_tables.labels import method_label
from paper_tables.results import DONE, Result
from paper_tables.spec.paper import Metric
from paper_tables.spec.specification import extra_splits, split_cells
from paper_tables.study import Study

COLUMNS = (
    "dataset split row anchor metric k unit status reason mean std seeds main_mean change n_users candidates flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each extra split, method and metric. `main_mean`: the same on the headline's split; percent."""
    plan, read, main = study.plan, study.read, study.paper.split_of
    rows = [
        _row(split, read(cell), read(replace(cell, split=main(cell.dataset))), metric)
        for split in extra_splits(plan)
        for cell in split_cells(plan, split)
        for metric in study.paper.metrics
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The selecting metric; the others stand in the CSV."""
    frame = frame.assign(audit_errors="")  # the audit is of the default order, which these splits leave
    body, previous = [], None
    for row in frame[frame["metric"] == study.paper.shown.name].itertuples():
        body += [latex.RULE] if previous not in (None, row.split) else []
        previous = row.split
        number = latex.number(row.mean, row.std) if row.status == DONE else rf"\textit{{{row.status}}}"
        main = f"{row.main_mean:.2f}" if row.main_mean == row.main_mean else r"\textit{not run}"
        change = f"${row.change:+.2f}$" if row.change == row.change else ""
        name = f"{marks.marked_label(frame, row.dataset)}, {latex.escape(SplitName.of(row.split).way)}"
        body.append(" & ".join([name, latex.escape(row.row), number, main, change]))
    caption = (
        rf"{study.paper.shown.head} in percent on other splits, beside the headline's (leave-one-out, the data set's "
        "own order): "
        r"\textit{loo.shuffled} and \textit{loo.weight} change only the order of each user's items, \textit{time} "
        "splits all users at one moment. A large fall under another order says that the file's order, and no taste, "
        "carried the result."
    )
    head = [f"Split & Method & {study.paper.shown.head} & headline & change"]
    empty = [r"\multicolumn{5}{c}{\textit{no other split at this scale}}"]
    return latex.table(
        "llrrr", head, body or empty, f"{caption} {marks.legend(frame)}".strip(), f"tab:{study.paper.name}-splits"
    )


def _row(split: str, result: Result, main: Result, metric: Metric) -> dict:
    row = {
        "dataset": result.cell.dataset,
        "split": split,
        "row": method_label(result.cell.anchor),
        "anchor": result.cell.anchor,
        "metric": metric.name,
        "k": metric.k,
        "unit": "percent",
        "status": result.status,
        "reason": result.reason,
        "seeds": len(result.seeds) if result.done else 0,
        "flags": "; ".join(result.flags),
    }
    if main.done:
        row["main_mean"] = percent(main.values(metric.name, metric.k))[0]
    if result.done:
        row["mean"], row["std"] = percent(result.values(metric.name, metric.k))
        row |= {"n_users": result.users, "candidates": result.reading}
    if main.done and result.done:
        row["change"] = row["mean"] - row["main_mean"]
    return row
