"""How many printed numbers of each table and data set were reproduced, and how far the order of methods agrees."""

import pandas as pd

from paper_tables import latex, marks
from paper_tables.judge.agreement import agreement, counted
from paper_tables.judge.comparison import paper_comparison
from paper_tables.judge.verdicts import SUSPECT, signs, verdict_names
from paper_tables.results import DONE, NOT_RUN
from paper_tables.study import Study

KEYS = ["table", "dataset", "metric"]
VERDICTS = {name: name.replace(" ", "_") for name in verdict_names()}
COLUMNS = [*KEYS, "status", "numbers", *VERDICTS.values(), "methods", "tau", "tau_low", "tau_high"]


def frame(study: Study, target: str) -> pd.DataFrame:
    return of_comparison(paper_comparison(study))


def of_comparison(comparison: pd.DataFrame) -> pd.DataFrame:
    """One row for each table, data set and metric: `numbers` that the paper prints, how many of them have each verdict,
    and Kendall's tau-b with its interval (judge/agreement.py). status: done where anything can be compared.
    """
    printed = comparison[comparison["verdict"] != ""]
    counts = counted(printed).reset_index().rename(columns=VERDICTS)
    nothing = counts[VERDICTS[NOT_RUN]] + counts[VERDICTS[SUSPECT]] == counts["numbers"]
    counts["status"] = nothing.map({True: NOT_RUN, False: DONE})
    return counts.merge(agreement(printed), on=["paper", *KEYS])[COLUMNS]


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The data sets of which something was run; the others stand in the CSV."""
    run = frame[frame["status"] == DONE]
    named = {metric.name: metric.head for metric in study.paper.metrics}
    body, previous = [], None
    for row in run.itertuples():
        body += [latex.RULE] if previous not in (None, row.table) else []
        previous = row.table
        counts = [str(getattr(row, column)) for column in VERDICTS.values()]
        names = [
            f"Table {row.table}",
            marks.marked_label(frame, row.dataset),
            named.get(row.metric, row.metric.upper()),
        ]
        body.append(" & ".join([*names, *counts, _order(row)]))
    heads = [rf"{latex.escape(name)} {latex.escape(sign)}" for name, sign in signs().items()]
    caption = (
        f"Verdicts on the numbers that {study.paper.label} prints, by rules that were fixed before any run "
        r"(verdict\_rules.yaml), and the order of the methods: Kendall's $\tau_b$ of measured against printed, with "
        r"its 95\,\% bootstrap interval over methods."
    )
    left = frame["dataset"].nunique() - run["dataset"].nunique()
    caption += f" Not shown: {left} data sets of which nothing was run." * bool(left)
    empty = [rf"\multicolumn{{{len(heads) + 4}}}{{c}}{{\textit{{nothing that the paper prints was run}}}}"]
    head = [" & ".join(["Table", "Data set", "Metric", *heads, "order of methods"])]
    columns = "lll" + "r" * len(heads) + "l"
    caption = f"{caption} {marks.legend(run)}".strip()
    return latex.table(columns, head, body or empty, caption, f"tab:{study.paper.name}-verdicts")


def _order(row: object) -> str:
    if row.tau != row.tau:
        return ""
    interval = f" [${row.tau_low:+.2f}$, ${row.tau_high:+.2f}$]" if row.tau_low == row.tau_low else ""
    return f"${row.tau:+.2f}${interval}, {row.methods} methods"
