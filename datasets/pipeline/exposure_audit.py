"""What in exposures with decisions could make a model of acceptance, or a metric on it, meaningless.

All of it is seen from the files, before anything is trained. Levels as in datasets/pipeline/audit.py.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.stats import chi2, mannwhitneyu

from datasets.pipeline.exposures import INTERVENTIONAL
from datasets.pipeline.finding import Finding, graded
from datasets.pipeline.protocols import places

PERMUTATIONS = 100
USERS_AT_MOST = 2000  # where rows are compared with each other, or answers shuffled: enough to see what matters
CERTAIN = (0.6, 0.75, 0.9)  # of an AUC


def inspect_exposures(exposures: pd.DataFrame, held_out: Mapping[str, int], ordered: bool) -> list[Finding]:
    """exposures: those of prepared data, each regime of a user in order; held_out: the card's `decisions`; ordered:
    whether the order is one that the data has, and not a drawn one."""
    by_system = exposures[exposures["regime"] == INTERVENTIONAL]
    alone = exposures[exposures["regime"] != INTERVENTIONAL]
    findings = [_order(ordered), *_selection(exposures), *_probabilities(by_system)]
    if len(by_system):
        few = _of_some_users(by_system)
        findings += [*_held_out(by_system, held_out), *_rows(by_system), _dependence(few), _random(by_system)]
    if len(alone):
        findings.append(_structure(_of_some_users(alone)))
    if len(alone) and len(by_system):
        findings.append(_both(alone, by_system))
    return findings


def _of_some_users(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows are sorted by user."""
    return rows[rows["user"].isin(rows["user"].unique()[:USERS_AT_MOST])]


def _order(ordered: bool) -> Finding:
    said = "answers have an order of their own" if ordered else (
        "the order of the answers is drawn: nothing about what one answer does to the next can be learnt"
    )  # fmt: skip
    return Finding("order of answers", "ok" if ordered else "warning", float(ordered), said)


def _held_out(rows: pd.DataFrame, held_out: Mapping[str, int]) -> list[Finding]:
    place, length = places(rows["user"].to_numpy())
    from_end, accepted = length - place, rows["accepted"].to_numpy(float)
    enough = length > sum(held_out.values())
    share = pd.Series(accepted[enough]).groupby(from_end[enough]).mean()
    held = share[share.index <= sum(held_out.values())]
    test = accepted[enough & (from_end <= held_out["test"])]
    commoner = max(test.mean(), 1 - test.mean()) if len(test) else 1.0
    return [
        graded(
            "constant held-out decisions",
            held.isin((0, 1)).mean() if len(held) else 1.0,
            (0.0, 0.0, 0.0),
            "of the held-out steps have one answer of all users",
        ),
        graded(
            "one answer in the test",
            commoner,
            (0.7, 0.8, 0.9),
            "of the tested decisions are alike; a constant answer is right for that many",
        ),
    ]


def _rows(rows: pd.DataFrame) -> list[Finding]:
    """Whether the answers are the same rows over and over, whatever was shown."""
    table = _by_step(rows)
    random = np.random.default_rng(0)
    mixed = np.column_stack([random.permutation(column) for column in table.T])
    distinct, expected = (len(np.unique(each, axis=0)) for each in (table, mixed))
    share = table.mean(axis=0)
    fit, asked = table[::2][:USERS_AT_MOST], table[1::2][:USERS_AT_MOST]
    by_step = _auc(np.broadcast_to(fit.mean(axis=0), asked.shape), asked)
    return [
        graded("constant steps", np.isin(share, (0, 1)).mean(), (0.0, 0.05, 0.1), "of steps have one answer of all"),
        graded(
            "few different rows of answers",
            1 - distinct / expected,
            (0.1, 0.25, 0.5),
            f"of the rows that there would be by chance are lacking: {distinct:,} different ones of {len(table):,}",
        ),
        graded("step tells the answer", by_step, CERTAIN, "is the AUC of the step alone, learnt from other users"),
        graded(
            "first answers tell the others",
            _auc(_continued(fit, asked), asked[:, table.shape[1] // 2 :]),
            CERTAIN,
            "is the AUC in the second half of the steps, by other users with the same first answers",
        ),
    ]


def _by_step(rows: pd.DataFrame) -> np.ndarray:
    """The answers of the users with the commonest number of steps, (users, steps)."""
    lengths = rows.groupby("user").size()
    steps = lengths.mode().iloc[0]
    chosen = rows[rows["user"].isin(lengths.index[lengths == steps])]
    return chosen["accepted"].to_numpy(float).reshape(-1, steps)


def _continued(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """For each asked row the mean second half of those known rows whose first half is most like its own."""
    half = known.shape[1] // 2
    first, other = known[:, :half], asked[:, :half]
    apart = other @ (1 - first.T) + (1 - other) @ first.T
    nearest = (apart == apart.min(axis=1, keepdims=True)).astype(float)
    return nearest @ known[:, half:] / nearest.sum(axis=1, keepdims=True)


def _dependence(rows: pd.DataFrame) -> Finding:
    """Do answers vary between items, or between users, more than answers that changed places within their step?"""
    step, _ = places(rows["user"].to_numpy())
    groups = [rows["item"].to_numpy(), pd.factorize(rows["user"])[0]]
    by_step = np.argsort(step, kind="stable")
    answers, steps = rows["accepted"].to_numpy(float)[by_step], step[by_step]
    groups = [group[by_step] for group in groups]

    def shuffled(random: np.random.Generator) -> np.ndarray:
        return answers[np.lexsort((random.random(len(answers)), steps))]

    shares = [_share_as_large(_spread(group), answers, shuffled) for group in groups]
    return graded(
        "answers without a cause",
        min(shares),
        (0.01, 0.02, 0.05),
        "of shuffled answers vary between items or users as much as the true ones; they depend on neither",
    )


def _spread(group: np.ndarray) -> Callable[[np.ndarray], float]:
    """How far the means of the groups lie apart, as a function of the answers."""
    sizes = np.bincount(group)
    return lambda answers: float((np.bincount(group, answers) ** 2 / np.maximum(sizes, 1)).sum())


def _share_as_large(
    statistic: Callable[[np.ndarray], float],
    values: np.ndarray,
    shuffled: Callable[[np.random.Generator], np.ndarray],
) -> float:
    """The p-value of a permutation test, one-sided."""
    random, true = np.random.default_rng(0), statistic(values)
    larger = sum(statistic(shuffled(random)) >= true * (1 - 1e-12) for _ in range(PERMUTATIONS))
    return (1 + larger) / (1 + PERMUTATIONS)


def _structure(rows: pd.DataFrame) -> Finding:
    """Are items alike in number, and their order within a user none?"""
    items, users = pd.factorize(rows["item"])[0], rows["user"].to_numpy()
    within = np.flatnonzero(np.diff(users) == 0)
    width = items.max() + 1

    def transitions(order: np.ndarray) -> float:
        counts = np.unique(order[within] * width + order[within + 1], return_counts=True)[1]
        return float((counts.astype(float) ** 2).sum())

    def shuffled(random: np.random.Generator) -> np.ndarray:
        return items[np.lexsort((random.random(len(items)), users))]

    ordered = _share_as_large(transitions, items, shuffled)
    return graded(
        "observations without structure",
        min(_uniform(items), ordered),
        (0.01, 0.02, 0.05),
        "is the smaller p-value of two questions: are all items equally frequent, is there no order; nothing is to be "
        "learnt where both may be so",
    )


def _uniform(items: np.ndarray) -> float:
    """The p-value of the counts of items, if all were equally likely (chi squared)."""
    counts = np.bincount(pd.factorize(items)[0])
    expected = counts.mean()
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), max(1, len(counts) - 1)))


def _random(rows: pd.DataFrame) -> Finding:
    chance = _uniform(rows["item"].to_numpy())
    level = "warning" if chance < 0.001 else "ok"
    said = "is the p-value of recommended items, if all were equally likely"
    return Finding(
        "random exposure", level, round(chance, 6), said + ("; the system chose" if level == "warning" else "")
    )


def _selection(exposures: pd.DataFrame) -> list[Finding]:
    """Rows that are there only because of their label: a log has exposures to which nobody reacted."""
    if "signals" not in exposures:
        return []
    silent = float((exposures["signals"] == 0).mean())
    level = "error" if silent == 0 else "ok"
    return [
        Finding("rows without any reaction", level, round(silent, 6), "of exposures; none: rows chosen by their label")
    ]


def _probabilities(rows: pd.DataFrame) -> list[Finding]:
    if "probability" not in rows or not len(rows):
        return []
    against = (rows["accepted"] != (rows["probability"] > 0.5)).mean()
    return [graded("decisions against their probability", against, (0.0, 0.05), "of decisions, at a threshold of 0.5")]


def _both(alone: pd.DataFrame, by_system: pd.DataFrame) -> Finding:
    pairs = alone[["user", "item"]].drop_duplicates()
    share = by_system[["user", "item"]].merge(pairs, how="inner").shape[0] / len(by_system)
    return graded("pairs in both regimes", share, (0.0, 0.01), "of recommendations the user met without a system, too")


def _auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The chance that an accepted one has the larger score than a refused one, ties counting half; 1/2 without both."""
    labels, scores = labels.ravel() > 0, scores.ravel()
    if labels.all() or not labels.any():
        return 0.5
    above = mannwhitneyu(scores[labels], scores[~labels], method="asymptotic").statistic
    return float(above / (labels.sum() * (~labels).sum()))
