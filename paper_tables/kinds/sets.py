"""The cards of the augmented sets: what each sampler generated, and what was refused of it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from paper_tables import latex, marks
from paper_tables.labels import cell_label, setting_label
from paper_tables.lines import Line
from paper_tables.results import DONE, Result
from paper_tables.spec.paper import Metric
from paper_tables.study import Study

COLUMNS = ["dataset", "setting", "row", "anchor", "method", "sampler", "status", "reason", "seeds", "flags"]
STAYS = "would_have_stayed"


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each augmented line, every number of its card averaged over the seeds (the treatment's folder in
    methods/ says what each one is). would_have_stayed: the share of the trainings in which no epoch was better in
    validation than the plain anchor, where the retraining began.
    """
    rows = []
    for line in study.treated(target):
        result = line.result
        cards = [numbers(card) for card in result.cards]
        rows.append(
            {key: line.head[key] for key in COLUMNS}
            | {
                "row": cell_label(result.cell),
                "seeds": len(cards),
                STAYS: would_have_stayed(line, study.paper.selection),
            }
            | means(cards)
        )
    found = pd.DataFrame(rows)
    return found if rows else pd.DataFrame(columns=COLUMNS)


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The paper's file says `columns`: head of a column -> (key of the card, format of a value), and what they mean."""
    content = study.paper.targets[target]
    columns = {**content.get("columns", {}), "would have stayed": (STAYS, "{:.0%}")}
    shown = {head: entry for head, entry in columns.items() if entry[0] in frame}
    body = []
    done = frame[frame["status"] == DONE]
    for row in done.to_dict("records"):
        texts = ["" if np.isnan(row[key]) else text.format(row[key]) for key, text in shown.values()]
        name = latex.escape(row["row"]) + marks.of_flags(row["flags"])
        escaped = [name, *map(latex.escape, texts)]
        where = f", {latex.escape(setting_label(row['setting']))}" if row["setting"] else ""
        body.append(" & ".join([marks.marked_label(frame, row["dataset"]) + where, *escaped]))
    notes = [content.get("note", ""), marks.flags_legend(done["flags"]), marks.legend(done)]
    caption = " ".join(["The augmented sets, means over seeds.", *filter(None, [_staying(done), *notes])])
    head = [" & ".join(["Data set", "Cell", *shown])]
    return latex.table("ll" + "r" * len(shown), head, body, caption, f"tab:{study.paper.name}-sets")


def would_have_stayed(line: Line, selection: Metric) -> float:
    """NaN where the plain anchor, or the cell, is not done."""
    pairs = line.result.pairs_with(line.plain) if line.plain else []
    found = [stays for own, plain in pairs for stays in _stays(own, plain, selection)]
    return float(np.mean(found)) if found else float("nan")


def _stays(own: Result, plain: Result, selection: Metric) -> list[bool]:
    """Of every seed that was trained and has its curve: whether the value that it began with was not exceeded."""
    began = dict(zip(plain.seeds, plain.values(selection.name, selection.k, part="validation"), strict=True))
    curves = {seed: content.get("curve") for seed, content in own.content["seeds"].items()}
    return [max(curve) <= began[seed] for seed, curve in curves.items() if curve and seed in began]


def _staying(done: pd.DataFrame) -> str:
    """What the column means, and how it is over all rows; LaTeX."""
    shares = done[STAYS].dropna()
    if not len(shares):
        return ""
    return latex.escape(
        "Would have stayed: share of the trainings of which no epoch was better in validation than the weights that it "
        f"began with (epoch 0, no candidate unless retrain_may_stay is set); over all rows {shares.mean():.0%}."
    )


def numbers(card: Mapping, before: str = "") -> dict[str, float]:
    """The numbers of a card by their path, `heldout_overlap.test.labels`; what is absent (None) or a text is left."""
    found = {}
    for key, value in card.items():
        if isinstance(value, Mapping):
            found |= numbers(value, f"{before}{key}.")
        elif isinstance(value, int | float):
            found[f"{before}{key}"] = value
    return found


def means(cards: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every number that all cards have."""
    shared = [key for key in cards[0] if all(key in card for card in cards)] if cards else []
    return {key: float(np.mean([card[key] for card in cards])) for key in shared}
