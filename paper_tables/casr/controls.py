"""Table 3's other half: each augmented cell beside its control, which has as many random extra sequences and steps.

A gain that the control has, too, is more training and no counterfactual.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from paper_tables import latex
from paper_tables.casr import marks
from paper_tables.casr.accuracy import CUTOFF, METRICS, Line
from paper_tables.cell import Cell
from paper_tables.results import DONE, FAILED, NOT_RUN, Result, percent, user_differences
from paper_tables.statistics import holm, interval, sign_flip

PANEL = 2
COLUMNS = (
    "dataset row anchor method sampler metric k unit status reason gain gain_control difference low high p_value "
    "p_value_holm n_users control_mean control_std flags"
).split()


def frame(lines: Iterable[Line], read: Callable[[Cell], Result]) -> pd.DataFrame:
    """One row for each augmented line and metric. Gains over the plain anchor, in percentage points.

    difference: treatment minus control, with its 95 % interval over the users.
    """
    augmented = [line for line in lines if line.result.cell.treatment]
    rows = [
        _row(line, read(replace(line.result.cell, variant="control")), metric)
        for line in augmented
        for metric in METRICS
    ]
    found = pd.DataFrame(rows, columns=COLUMNS)
    found["p_value_holm"] = holm(found["p_value"].to_numpy())
    return found


def render(frame: pd.DataFrame) -> str:
    """NDCG@5 only: the compact table; F1@5 stands in the CSV."""
    ndcg = frame[frame["metric"] == "ndcg"]
    run = ndcg.groupby("dataset", sort=False)["status"].agg(lambda status: (status != NOT_RUN).any())
    shown = [dataset for dataset in run.index if run[dataset]] or list(run.index[:PANEL])
    tables = []
    for number, start in enumerate(range(0, len(shown), PANEL), start=1):
        datasets = shown[start : start + PANEL]
        found = {(row.row, row.dataset): row for row in ndcg.itertuples()}
        body, anchor = [], None
        for row in ndcg.drop_duplicates("row").itertuples():
            body += [latex.RULE] if anchor not in (None, row.anchor) else []
            anchor = row.anchor
            numbers = [_numbers(found[row.row, dataset]) for dataset in datasets]
            body.append(" & ".join([latex.escape(row.row), *numbers]))
        heads = [rf"\multicolumn{{3}}{{c}}{{{marks.marked_label(frame, dataset)}}}" for dataset in datasets]
        rules = [rf"\cmidrule(lr){{{first}-{first + 2}}}" for first in range(2, 2 + 3 * len(datasets), 3)]
        head = [
            " & ".join(["", *heads]),
            " ".join(rules),
            " & ".join(["", *["gain", "control's gain", "difference"] * len(datasets)]),
        ]
        caption = (
            "Gain in NDCG@5 over the plain anchor, in percentage points, beside the gain of the matched control (as "
            r"many random extra sequences, as many steps); their difference with its 95\,\% interval over users. "
            r"*: differs from the control, paired sign-flip permutation test over users, Holm's correction, $p<0.05$."
        )
        caption = f"{caption} {marks.legend(frame[frame['dataset'].isin(shown)])}".strip()
        caption = caption if number == 1 else "Gain in NDCG@5 beside the matched control's, continued."
        columns = "l" + "rrl" * len(datasets)
        tables.append(latex.table(columns, head, body, caption, f"tab:casr-3-controls-{number}"))
    return "\n".join(tables)


def _numbers(row: object) -> str:
    if row.status != DONE:
        return rf"\multicolumn{{3}}{{c}}{{\textit{{{row.status}}}}}"
    star = "*" if row.p_value_holm < 0.05 else ""
    interval = rf"[${row.low:+.2f}$, ${row.high:+.2f}$]"
    return rf"${row.gain:+.2f}$ & ${row.gain_control:+.2f}$ & ${row.difference:+.2f}$ {interval}{star}"


def _row(line: Line, control: Result, metric: str) -> dict:
    result, plain = line.result, line.plain
    parts = {"treatment": result, "control": control, "plain anchor": plain}
    missing = {name: part for name, part in parts.items() if not part.done}
    row = {
        "dataset": line.dataset,
        "row": line.row,
        "anchor": result.cell.anchor,
        "method": result.cell.treatment,
        "sampler": result.cell.sampler,
        "metric": metric,
        "k": CUTOFF,
        "unit": "percentage points",
        "status": DONE,
        "reason": "; ".join(f"{name} {part.status}: {part.reason}" for name, part in missing.items()),
        "flags": "; ".join(sorted({flag for part in parts.values() for flag in part.flags})),
    }
    if control.done:
        row["control_mean"], row["control_std"] = percent(control.values(metric, CUTOFF))
    if missing:
        return row | {"status": FAILED if any(part.status == FAILED for part in missing.values()) else NOT_RUN}
    base = percent(plain.values(metric, CUTOFF))[0]
    row["gain"] = percent(result.values(metric, CUTOFF))[0] - base
    row["gain_control"] = row["control_mean"] - base
    row["difference"] = row["gain"] - row["gain_control"]
    pair = user_differences(result, control, metric, CUTOFF)
    if pair is not None:
        low, high = interval(100 * pair)
        row |= {"low": low, "high": high, "p_value": sign_flip(pair), "n_users": len(pair)}
    return row
