"""The layout of an accuracy table: methods down, in blocks; a group of metrics for each column across."""

from collections.abc import Callable, Sequence

import pandas as pd

from paper_tables import latex


def layout(
    frame: pd.DataFrame,
    columns: Sequence[str],
    metrics: Sequence[str],
    number: Callable[[str, int, int], str],
    caption: str,
    label: str,
) -> str:
    """One table environment. frame: its `block` and `row`, in order; columns, metrics: heads, as LaTeX; number(row,
    column, metric): what stands there, by the row's name and the places of column and metric."""
    rows, width = frame[["block", "row"]].drop_duplicates(), len(metrics)
    places = [(column, metric) for column in range(len(columns)) for metric in range(width)]
    body = []
    for block_number, (_, block) in enumerate(rows.groupby("block", sort=False)):
        body += [latex.RULE] if block_number else []
        for row in block["row"]:
            body.append(" & ".join([latex.escape(row), *(number(row, *place) for place in places)]))
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{head}}}" for head in columns]
    starts = range(2, 2 + width * len(columns), width)
    rules = [rf"\cmidrule(lr){{{start}-{start + width - 1}}}" for start in starts]
    head = [" & ".join(["", *heads]), " ".join(rules), " & ".join(["", *metrics * len(columns)])]
    return latex.table("l" + "r" * width * len(columns), head, body, caption, label)


def printed_beside(row: object) -> str:
    """The printed number, in grey, where there is one."""
    return rf" {{\color{{gray}}({latex.escape(row.printed)})}}" if row.printed else ""
