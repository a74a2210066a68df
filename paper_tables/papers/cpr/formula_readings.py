"""Which reading of the generator and of the protocol comes nearest to the printed numbers? The paper's formulas cannot
be meant as printed, and it says neither which items are ranked nor which held-out item. Nearness is resemblance and
nothing more: among many readings one lies near almost any number.
"""

import numpy as np
import pandas as pd

from paper_tables import latex, marks
from paper_tables.labels import setting_label
from paper_tables.lines import Line
from paper_tables.results import DONE
from paper_tables.spec.paper import Metric
from paper_tables.study import Study

PARTS = ("test", "validation")
CANDIDATES = {"removed": "all but the history", "kept": "all", "sampled": "sampled"}
ALL = "all plain methods"
READING = ["reading", "part", "candidates"]
TARGET = ["dataset", "target", "row", "anchor", "method"]
COLUMNS = (
    *TARGET,
    *READING,
    *"status reason unit draws seeds".split(),
    *"hr printed_hr ndcg printed_ndcg".split(),
    *"distance nearest readings flags".split(),
)


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each printed pair of numbers (HR@10, NDCG@10) and reading of generator, part and candidates;
    fractions. distance: mean over both of |measured / printed - 1|, percent; nearest of the `readings` of the target.

    The rows of `all plain methods` hold the mean distance over the plain methods of a setting, of its done ones.
    """
    lines = [line for table in study.tables(target) for line in study.lines(table) if line.view == "all"]
    rows = pd.DataFrame([row for line in lines for row in _rows(study, line)], columns=COLUMNS)
    plain = rows[(rows["status"] == DONE) & (rows["method"] == "none")]
    keys = ["dataset", "target", *READING]
    mean = plain.groupby(keys, sort=False, as_index=False)["distance"].mean()
    mean = mean.assign(row=ALL, anchor="", method="none", status=DONE, reason="", unit="fraction", flags="")
    rows = pd.concat([mean, rows], ignore_index=True)[list(COLUMNS)] if len(mean) else rows
    targets = rows.groupby(TARGET, sort=False)["distance"]
    rows["nearest"] = rows["distance"].notna() & (rows["distance"] == targets.transform("min"))
    rows["readings"] = targets.transform("count")
    return rows


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The mean distance of all plain methods in every reading, and where each method's nearest one lies."""
    done = frame[frame["status"] == DONE]
    overall = done[done["row"] == ALL]
    body, previous = [], None
    for row in overall.itertuples():
        body += [latex.RULE] if previous not in (None, (row.dataset, row.target)) else []
        name = f"{marks.marked_label(frame, row.dataset)}, {latex.escape(setting_label(row.target))}".removesuffix(", ")
        own = done[(done["row"] != ALL) & (done["dataset"] == row.dataset) & (done["target"] == row.target)]
        here = own[(own[READING] == [getattr(row, key) for key in READING]).all(axis=1)]
        distance = rf"{row.distance:.0f}\,\%"
        cells = [
            name if previous != (row.dataset, row.target) else "",
            latex.escape(row.reading) or "--",
            f"{row.part} item",
            CANDIDATES[row.candidates],
            rf"\textbf{{{distance}}}" if row.nearest else distance,
            f"{int(here['nearest'].sum())} of {own.drop_duplicates('row').shape[0]}",
        ]
        body.append(" & ".join(cells))
        previous = (row.dataset, row.target)
    caption = (
        "Readings of the generator's formulas (our default and as printed), of the held-out item and of the candidates "
        "beside the printed numbers: mean relative distance of HR@10 and NDCG@10 over all plain methods (bold: the "
        "nearest), and for how many of all methods, plain and treated, this reading is the nearest. This shows "
        f"resemblance only; it does not say what the authors did. {marks.legend(done) if len(done) else ''}"
    )
    head = ["Data & Formulas & Ranked & Candidates & distance & nearest for"]
    empty = [r"\multicolumn{6}{c}{\textit{no printed number's cell was run}}"]
    return latex.table("llllrr", head, body or empty, caption.strip(), "tab:cpr-readings")


def _rows(study: Study, line: Line) -> list[dict]:
    result, metrics = line.result, {metric.name: metric for metric in study.paper.metrics}
    texts = {name: study.printed(line, metric)[0] for name, metric in metrics.items()}
    if not all(texts.values()):
        return []
    about = line.head | {
        "target": line.printed_setting,
        "reading": line.place.values.get("reading", ""),
        "unit": study.paper.unit,
        "draws": len(result.finished),
        **{f"printed_{name}": float(text) for name, text in texts.items()},
    }
    if not result.done:
        return [about]
    rows = []
    for part in PARTS:
        for candidates in (name for name in CANDIDATES if result.has(name, part)):
            values = {name: _mean(line, metric, part, candidates) for name, metric in metrics.items()}
            apart = [abs(value / float(texts[name]) - 1) for name, value in values.items()]
            choices = {"part": part, "candidates": candidates, "distance": 100 * float(np.mean(apart))}
            rows.append(about | values | choices)
    return rows


def _mean(line: Line, metric: Metric, part: str, candidates: str) -> float:
    return float(line.result.values(metric.name, metric.k, part, candidates).mean())
