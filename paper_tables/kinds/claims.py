"""The ledger of a paper's claims as a table: what the printed numbers say of each, and what ours say."""

import pandas as pd

from paper_tables import latex
from paper_tables.claims import ledger
from paper_tables.judge.evidence import measured_evidence
from paper_tables.study import Study

MARKED = False
PAGE = 13  # claims on a page
UNITS = {"percent": r"\,\%", "percentage points": " points", "share": ""}
CAPTION = (
    "What the text claims, tested on the printed numbers and on ours. The printed answer is about just these numbers. "
    r"Ours rests on the 95\,\% interval over data sets (the sign test turned round, none below six data sets), or over "
    "seeds where a claim names its data set; $n$: comparisons, and data sets that they are of. $\\circ$: asked by us."
)


def frame(study: Study, target: str) -> pd.DataFrame:
    return ledger(study.paper.name, measured_evidence(study, target))


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The rows of claims.ledger (columns: paper_tables/claims/README.md)."""
    head = ["Claim & where & printed & $n$ & measured & $n$ & what would decide it"]
    body = [_line(row) for row in frame.itertuples()]
    tables = []
    for number, start in enumerate(range(0, len(body), PAGE), start=1):
        caption = CAPTION if number == 1 else "What the text claims, continued."
        columns = r"p{8cm}lp{3cm}rp{4.5cm}rp{3.5cm}"
        label = f"tab:{study.paper.name}-claims-{number}"
        tables.append(latex.table(columns, head, body[start : start + PAGE], caption, label))
    return "\n".join(tables)


def _line(row: object) -> str:
    mark = r" $\circ$" if row.asked_by == "us" else ""
    printed = _finding(row.printed_answer, row.printed_value, row.number)
    measured = _finding(row.measured_answer, row.measured_value, row.number, row.measured_low, row.measured_high)
    return " & ".join(
        [
            latex.escape(row.wording) + mark,
            latex.escape(row.where),
            printed,
            _count(row.printed_comparisons, row.printed_datasets),
            measured,
            _count(row.measured_comparisons, row.measured_datasets),
            latex.escape(row.needed),
        ]
    )


def _finding(answer: str, value: float, unit: str, low: float = float("nan"), high: float = float("nan")) -> str:
    said = rf"\textit{{{answer}}}"
    if value != value:
        return said
    interval = f" [${low:.2f}$, ${high:.2f}$]" if low < high else ""
    return f"{said}, ${value:.2f}${UNITS[unit]}{interval}"


def _count(comparisons: int, datasets: int) -> str:
    return f"{comparisons} ({datasets})" if comparisons else ""
