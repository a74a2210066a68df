"""What the audit of each data set found (datasets/pipeline/audit.py): what could make a metric on it meaningless."""

import pandas as pd

from paper_tables import latex
from paper_tables.findings import findings
from paper_tables.labels import dataset_label
from paper_tables.results import DONE, NOT_RUN
from paper_tables.study import Study

MARKED = False  # the audit is what marks are made of
PANEL = 3  # data sets in one table
COLUMNS = "dataset of check level value meaning status".split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each data set and finding, the levels `ok` included; of a data set of the tables all its draws."""
    rows = []
    for of, datasets in study.data.items():
        for dataset in datasets:
            found = [{**finding, "status": DONE} for finding in findings(dataset, study.results)] or [
                {"status": NOT_RUN}
            ]
            rows += [{"dataset": dataset, "of": of} | row for row in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """What is a note or worse, once for all draws of a data set; the rest stands in the CSV."""
    shown = frame[frame["level"] != "ok"].fillna({"check": "", "level": "", "meaning": ""})
    rows = shown.groupby(["of", "check", "level", "status"], sort=False, as_index=False).agg(
        low=("value", "min"), high=("value", "max"), meaning=("meaning", "first"), draws=("dataset", "size")
    )
    rows["all_draws"] = rows["of"].map(frame.groupby("of")["dataset"].nunique())
    rows = rows.sort_values("of", key=lambda names: names.map(list(rows["of"].unique()).index), kind="stable")
    datasets = list(rows["of"].unique())
    panels = [datasets[start : start + PANEL] for start in range(0, len(datasets), PANEL)] or [[]]
    return "\n".join(
        _panel(rows[rows["of"].isin(panel)], study.paper.name, number, len(panels))
        for number, panel in enumerate(panels, start=1)
    )


def _panel(rows: pd.DataFrame, paper: str, number: int, of: int) -> str:
    body, previous = [], None
    for row in rows.itertuples():
        body += [latex.RULE] if previous not in (None, row.of) else []
        name = latex.escape(dataset_label(row.of)) if row.of != previous else ""
        previous = row.of
        draws = f", {row.draws} of {row.all_draws} draws" if row.all_draws > 1 else ""
        if row.status != DONE:
            body.append(rf"{name} & \multicolumn{{4}}{{l}}{{\textit{{{row.status}}}{draws}}}")
            continue
        level = r"\textcolor{red}{\textbf{error}}" if row.level == "error" else row.level
        value = f"{row.low:.3f}" if row.low == row.high else f"{row.low:.3f} to {row.high:.3f}"
        body.append(" & ".join([name, latex.escape(row.check), level + draws, value, latex.escape(row.meaning)]))
    caption = (
        "The audit of the data in its default order, before anything was trained. Note: good to know; warning: to be "
        "said beside every number; error: a metric on this data says nothing about a model unless the cause is removed."
    )
    caption = caption if number == 1 else "The audit, continued."
    part = f" (part {number} of {of})" if of > 1 else ""
    empty = [r"\multicolumn{5}{c}{\textit{nothing to note}}"]
    head = ["Data set & Check & Level & Value & Meaning"]
    return latex.table(r"lllrp{11cm}", head, body or empty, caption + part, f"tab:{paper}-audit-{number}")
