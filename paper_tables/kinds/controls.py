"""Each augmented cell beside its control, which has as many random extra examples and as many steps.

A gain that the control has, too, is more training and no counterfactual.
"""

from collections.abc import Iterable

import pandas as pd

from paper_tables import latex, marks
from paper_tables.differences import mean_difference, percent, user_differences
from paper_tables.labels import setting_label
from paper_tables.lines import Line
from paper_tables.results import DONE, FAILED, NOT_RUN
from paper_tables.spec.paper import Metric
from paper_tables.statistics import detectable, holm_within, interval, sign_flip
from paper_tables.study import Study

PANEL = 2
COLUMNS = (
    "dataset setting row anchor method sampler metric k unit status reason gain gain_control difference low high "
    "detectable p_value p_value_holm n_users control_mean control_std flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    return of_lines(study.compared(target))


def of_lines(lines: Iterable[Line]) -> pd.DataFrame:
    """One row for each line that has a control, and metric. Gains over the plain anchor, in percentage points.

    difference: treatment minus control, with its 95 % interval over the users, and the smallest `detectable` over as
    many. p_value_holm: within a line's family.
    """
    asked = [(line, metric) for line in lines if "control" in line.against for metric in line.metrics]
    found = pd.DataFrame([_row(line, metric) for line, metric in asked], columns=COLUMNS)
    found["p_value_holm"], _ = holm_within(found["p_value"].to_numpy(), [line.family for line, _ in asked])
    return found


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The selecting metric only: the compact table; the others stand in the CSV."""
    paper = study.paper
    ndcg = frame[frame["metric"] == paper.shown.name]
    run = ndcg.groupby(["dataset", "setting"], sort=False)["status"].agg(lambda status: (status != NOT_RUN).any())
    shown = [place for place in run.index if run[place]] or list(run.index[:PANEL])
    tables = []
    for number, start in enumerate(range(0, len(shown), PANEL), start=1):
        places = shown[start : start + PANEL]
        found = {(row.row, row.dataset, row.setting): row for row in ndcg.itertuples()}
        body, anchor = [], None
        for row in ndcg.drop_duplicates("row").itertuples():
            body += [latex.RULE] if anchor not in (None, row.anchor) and not row.setting else []
            anchor = row.anchor
            numbers = [_numbers(found.get((row.row, *place))) for place in places]
            body.append(" & ".join([latex.escape(row.row), *numbers]))
        heads = [rf"\multicolumn{{3}}{{c}}{{{_place(frame, *place)}}}" for place in places]
        rules = [rf"\cmidrule(lr){{{first}-{first + 2}}}" for first in range(2, 2 + 3 * len(places), 3)]
        head = [
            " & ".join(["", *heads]),
            " ".join(rules),
            " & ".join(["", *["gain", "control's gain", "difference"] * len(places)]),
        ]
        metric = paper.shown.head
        caption = (
            f"Gain in {metric} over the plain anchor, in percentage points, beside the gain of the matched control (as "
            r"many random extra examples, as many steps); their difference with its 95\,\% interval over users. "
            r"*: differs from the control, paired sign-flip permutation test over users, Holm's correction, $p<0.05$."
        )
        seen = frame[frame["dataset"].isin([name for name, _ in shown])]
        caption = " ".join(filter(None, [caption, marks.flags_legend(seen["flags"]), marks.legend(seen)]))
        caption = caption if number == 1 else f"Gain in {metric} beside the matched control's, continued."
        columns = "l" + "rrl" * len(places)
        tables.append(latex.table(columns, head, body, caption, f"tab:{paper.name}-controls-{number}"))
    return "\n".join(tables)


def _place(frame: pd.DataFrame, dataset: str, setting: str) -> str:
    name = marks.marked_label(frame, dataset)
    return f"{name}, {latex.escape(setting_label(setting))}" if setting else name


def _numbers(row: object) -> str:
    if row is None or row.status != DONE:
        return rf"\multicolumn{{3}}{{c}}{{\textit{{{NOT_RUN if row is None else row.status}}}}}"
    star = ("*" if row.p_value_holm < 0.05 else "") + marks.of_flags(row.flags)
    interval = rf"[${row.low:+.2f}$, ${row.high:+.2f}$]"
    return rf"${row.gain:+.2f}$ & ${row.gain_control:+.2f}$ & ${row.difference:+.2f}$ {interval}{star}"


def _row(line: Line, metric: Metric) -> dict:
    name, cutoff = metric.name, metric.k
    result, plain, control = line.result, line.plain, line.against["control"]
    parts = {"treatment": result, "control": control, "plain anchor": plain}
    missing = {name: part for name, part in parts.items() if not part.done}
    row = line.head | {
        "metric": name,
        "k": cutoff,
        "unit": "percentage points",
        "status": DONE,
        "reason": "; ".join(f"{name} {part.status}: {part.reason}" for name, part in missing.items()),
        "flags": "; ".join(sorted({flag for part in parts.values() for flag in part.flags})),
    }
    if control.done:
        row["control_mean"], row["control_std"] = percent(control.values(name, cutoff))
    if missing:
        return row | {"status": FAILED if any(part.status == FAILED for part in missing.values()) else NOT_RUN}
    row["gain"] = mean_difference(result, plain, name, cutoff)
    row["gain_control"] = mean_difference(control, plain, name, cutoff)
    row["difference"] = mean_difference(result, control, name, cutoff)
    pair = user_differences(result, control, name, cutoff)
    if pair is not None:
        low, high = interval(100 * pair)
        row |= {
            "low": low,
            "high": high,
            "detectable": detectable(100 * pair),
            "p_value": sign_flip(pair),
            "n_users": len(pair),
        }
    return row
