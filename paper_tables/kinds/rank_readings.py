"""The readings of a protocol that ranks kept per user allow without training: one result, read in every way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import record_of, unchanged
from methods.evaluation.metrics import per_user
from paper_tables.results import Result
from paper_tables.spec.paper import Metric

PARTS, HISTORIES = ("test", "validation"), ("kept", "removed")
TIES = ("expected", "optimistic", "pessimistic")  # expected: all places of the tie alike, its mean is the mid-rank
ALL_USERS, WHOLE = "all users", "whole history seen"
ANY = "any"  # a choice that changes nothing: counts the same users, or moves no mean by half a printed digit
HALF_DIGIT = 0.005  # percent


@dataclass(frozen=True)
class Reading:
    """users: shape (n,), who counts; values: metric -> shape (seeds, n), in percent."""

    result: Result
    part: str
    history: str
    ties: str
    counted: str
    users: np.ndarray
    values: dict[str, np.ndarray]

    @property
    def choices(self) -> dict:
        """What was chosen, and of what, as columns."""
        cell, split = self.result.cell, self.result.content["provenance"]["split"]
        return {
            "method": cell.treatment or "none",
            "sampler": cell.sampler,
            "split": cell.split,
            "order": split.get("order", ""),
            "part": self.part,
            "history": self.history,
            "ties": self.ties,
            "counted": self.counted,
            "users": len(self.users),
            "seeds": len(next(iter(self.values.values()))),
            "flags": "; ".join(self.result.flags),
        }


def readings(
    result: Result, metrics: Sequence[Metric], lengths: Callable[[str, str], pd.Series | None]
) -> Iterator[Reading]:
    """Every reading of a finished result whose ranks are there: part x history x ties x users that count.

    lengths(split, part): the length of each user's history when that part is ranked, None where it is not known; with
    it, the users are also counted alone whose history the model sees whole.
    """
    for part in PARTS:
        tables = list(result.ranks(part).values())
        users = tables[0]["user"].to_numpy()
        if not all(np.array_equal(users, table["user"]) for table in tables):
            raise BadInput(f"{result.folder}: its seeds rank other users; run the cell again")
        subsets = _subsets(users, lengths(result.cell.split, part), result.setting("anchor", "max_length"))
        for history in HISTORIES:
            by_ties = {ties: {m.name: _values(tables, m, history, ties) for m in metrics} for ties in TIES}
            means = np.array([[each.mean() for each in values.values()] for values in by_ties.values()])
            if np.ptp(means, axis=0).max() < HALF_DIGIT:
                by_ties = {ANY: by_ties[TIES[0]]}
            for ties, values in by_ties.items():
                for name, counts in subsets.items():
                    chosen = {metric: each[:, counts] for metric, each in values.items()}
                    yield Reading(result, part, history, ties, name, users[counts], chosen)


def history_lengths(folder: Path, part: str) -> pd.Series | None:
    """Items in the history of every user when `part` of the split in `folder` is ranked: the validation item belongs to
    it for the test. None where the split's files are not there.
    """
    files = [folder / "train.csv", *([folder / "validation.csv"] if part == "test" else [])]
    if not all(file.is_file() for file in files):
        return None
    about = record_of(folder)
    files = [unchanged(file, about) for file in files]
    return pd.concat([pd.read_csv(file, usecols=["user"])["user"] for file in files]).value_counts()


def _subsets(users: np.ndarray, lengths: pd.Series | None, longest: int | None) -> dict[str, np.ndarray]:
    everyone = np.ones(len(users), dtype=bool)
    if lengths is None or longest is None:
        return {ALL_USERS: everyone}
    whole = lengths.reindex(users, fill_value=0).to_numpy() <= longest
    if whole.all():
        return {ANY: everyone}
    return {ALL_USERS: everyone} | ({WHOLE: whole} if whole.any() else {})


def _values(tables: list[pd.DataFrame], metric: Metric, history: str, ties: str) -> np.ndarray:
    """Shape (seeds, users), in percent."""
    counts = [(table[f"above_{history}"], table[f"ties_{history}"]) for table in tables]
    return 100 * np.array([per_user(metric.name, int(metric.k), above, tied, ties) for above, tied in counts])
