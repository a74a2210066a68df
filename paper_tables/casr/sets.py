"""The cards of the augmented sets: what each sampler generated, and what was refused of it."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from paper_tables import latex
from paper_tables.casr import marks
from paper_tables.casr.labels import method_label, row_label
from paper_tables.casr.plan import Plan
from paper_tables.casr.specification import augmented
from paper_tables.cell import Cell
from paper_tables.results import DONE, Result

COLUMNS = ["dataset", "row", "anchor", "method", "sampler", "status", "reason", "seeds"]
# column of the LaTeX table -> (key of the card, text of a value)
SHOWN = {
    "sequences": ("size", "{:,.0f}"),
    r"refused by $\kappa$": ("refused_confidence_share", "{:.1%}"),
    "duplicates": ("duplicates", "{:,.0f}"),
    "distance": ("distance_mean", "{:.2f}"),
    "observed label": ("observed_label", "{:.1%}"),
    "same category": ("same_category", "{:.1%}"),
    "label is the test item": ("heldout_overlap.test.labels", "{:.2%}"),
    "true label": ("label_accuracy", "{:.1%}"),
}


def frame(plan: Plan, read: Callable[[Cell], Result]) -> pd.DataFrame:
    """One row for each augmented cell, every number of its card averaged over the seeds (methods/casr/description.py
    says what each one is).
    """
    rows = []
    for cell in augmented(plan):
        result = read(cell)
        cards = [_numbers(seed["augmentation"]) for seed in result.content["seeds"].values()] if result.done else []
        rows.append(
            {
                "dataset": cell.dataset,
                "row": f"{row_label(cell.anchor, cell.treatment)}, sampler {method_label(cell.sampler)}",
                "anchor": cell.anchor,
                "method": cell.treatment,
                "sampler": cell.sampler,
                "status": result.status,
                "reason": result.reason,
                "seeds": len(cards),
            }
            | _means(cards)
        )
    found = pd.DataFrame(rows)
    return found if rows else pd.DataFrame(columns=COLUMNS)


def render(frame: pd.DataFrame) -> str:
    shown = {head: entry for head, entry in SHOWN.items() if entry[0] in frame}
    body = []
    done = frame[frame["status"] == DONE]
    for row in done.to_dict("records"):
        texts = ["" if np.isnan(row[key]) else text.format(row[key]) for key, text in shown.values()]
        escaped = [latex.escape(text) for text in (row["row"], *texts)]
        body.append(" & ".join([marks.marked_label(frame, row["dataset"]), *escaped]))
    caption = (
        "The augmented sets, means over seeds. Observed label: share of sequences whose generated next item is the "
        "observed one. Label is the test item: of the same user, looked at after all training. True label, where the "
        r"structural model is known: one minus the noise $\eta$ of the paper's Theorem 1."
    )
    head = [" & ".join(["Data set", "Cell", *shown])]
    return latex.table("ll" + "r" * len(shown), head, body, f"{caption} {marks.legend(done)}".strip(), "tab:casr-sets")


def _numbers(card: Mapping, before: str = "") -> dict[str, float]:
    """The numbers of a card by their path, `heldout_overlap.test.labels`; what is absent (None) or a text is left."""
    found = {}
    for key, value in card.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{before}{key}.")
        elif isinstance(value, int | float):
            found[f"{before}{key}"] = value
    return found


def _means(cards: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every number that all cards have."""
    shared = [key for key in cards[0] if all(key in card for card in cards)] if cards else []
    return {key: float(np.mean([card[key] for card in cards])) for key in shared}
