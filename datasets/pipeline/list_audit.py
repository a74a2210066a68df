"""What in impression lists could make a model of choice, or a metric on the choices, meaningless."""

import numpy as np
import pandas as pd

from datasets.pipeline.finding import Finding, graded
from datasets.pipeline.lists import Lists


def inspect_lists(lists: Lists) -> list[Finding]:
    """Findings as in datasets/pipeline/audit.py. Lists with at least one shown item; any identifiers."""
    if len(lists.items) == 0:
        return [Finding("lists", "error", 0.0, "no item is shown in any list")]
    return [*_lengths(lists), *_answers(lists), *_repeats(lists)]


def _lengths(lists: Lists) -> list[Finding]:
    lengths = lists.lengths
    low, middle, high = np.quantile(lengths, (0.0, 0.5, 1.0))
    about = f"items in a list (mean); shortest {low:.0f}, median {middle:.0f}, longest {high:.0f}"
    return [
        Finding("list length", "ok" if low == high else "note", round(float(lengths.mean()), 6), about),
        graded("single-item lists", (lengths <= 1).mean(), (0.0, 0.2), "of lists leave no choice: one item or none"),
    ]


def _answers(lists: Lists) -> list[Finding]:
    taken = np.bincount(lists.rows, weights=lists.chosen, minlength=len(lists))
    share = lists.chosen.mean()
    constant = max(share, 1 - share)
    per_user, per_item = (_constant(pd.factorize(each)[0], lists.chosen) for each in (lists.owners, lists.items))
    return [
        Finding("share of chosen", "ok", round(float(share), 6), "of shown items are chosen"),
        graded(
            "constant answer", constant, (0.9, 0.97), "is the share of the commoner answer: what a constant answer gets"
        ),
        graded("lists without a choice", (taken == 0).mean(), (0.0, 0.5), "of lists: nothing is chosen"),
        graded("lists chosen whole", (taken == lists.lengths).mean(), (0.1, 0.5), "of lists: everything is chosen"),
        graded("users with one answer", per_user, (0.05, 0.5), "of users always answer the same"),
        graded("items with one answer", per_item, (0.5, 0.9), "of items, shown at least twice, get one answer only"),
    ]


def _repeats(lists: Lists) -> list[Finding]:
    items, users = pd.factorize(lists.items)[0], pd.factorize(lists.owners)[0]
    width = items.max() + 1
    within = pd.Series(lists.rows * width + items).duplicated().to_numpy()
    _, pair, shown = np.unique(users * width + items, return_inverse=True, return_counts=True)
    taken = np.bincount(pair, weights=lists.chosen)
    again = shown > 1
    mixed = again & (taken > 0) & (taken < shown)
    return [
        graded("repeats within a list", within.mean(), (0.0, 0.01), "of shown items stand in their list already"),
        graded("pairs shown again", again.mean(), (0.0, 0.5), "of pairs of user and item are shown more than once"),
        graded(
            "answers that differ",
            mixed.sum() / max(1, again.sum()),
            (0.0, 0.5),
            "of the pairs shown more than once are chosen once and not another time",
        ),
    ]


def _constant(group: np.ndarray, chosen: np.ndarray) -> float:
    """Share of the groups with at least two answers whose answers are all the same."""
    shown, taken = np.bincount(group), np.bincount(group, weights=chosen)
    several = shown > 1
    same = (taken == 0) | (taken == shown)
    return float(same[several].mean()) if several.any() else 0.0
