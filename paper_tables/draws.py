"""The same cell on several draws of a data set, read as one result: a number whose upper level of chance is the draw.

A draw is a data set of its own, with its own users, and is trained with its own seeds: users and training seeds are
nested in the draws. Where only one draw is planned, the training seeds are the upper level, as for any result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from paper_tables.cell import Cell
from paper_tables.results import DONE, FAILED, NOT_RUN, Result


@dataclass(frozen=True)
class Draws:
    """results: one for each planned draw, at least one, in the order of the data seeds."""

    results: tuple[Result, ...]

    @cached_property
    def finished(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.done)

    @property
    def cell(self) -> Cell:
        """That of the first draw."""
        return self.results[0].cell

    @property
    def folder(self) -> Path:
        return self.results[0].folder

    @property
    def identifier(self) -> str:
        """The cells behind the number."""
        return "; ".join(result.cell.identifier for result in (self.finished or self.results))

    @property
    def done(self) -> bool:
        return bool(self.finished)

    @property
    def status(self) -> str:
        if self.done:
            return DONE
        return FAILED if any(result.status == FAILED for result in self.results) else NOT_RUN

    @property
    def reason(self) -> str:
        """Why there is no number."""
        return next((result.reason for result in self.results if result.status == self.status != DONE), "")

    @property
    def seeds(self) -> list[str]:
        """The units of the upper level: the finished draws' data sets, of a single planned draw its training seeds."""
        if len(self.results) == 1:
            return self.results[0].seeds
        return [result.cell.dataset for result in self.finished]

    @property
    def training_seeds(self) -> int:
        """The fewest of any finished draw."""
        return min((len(result.seeds) for result in self.finished), default=0)

    @property
    def reading(self) -> str:
        return self.results[0].reading

    def has(self, reading: str, part: str = "test") -> bool:
        """Whether every finished draw was ranked in this reading, too."""
        return self.done and all(result.has(reading, part) for result in self.finished)

    def values(self, metric: str, cutoff: int, part: str = "test", reading: str = "") -> np.ndarray:
        """The metric of each unit of the upper level, as fractions; of a draw the mean over its training seeds."""
        if len(self.results) == 1:
            return self.results[0].values(metric, cutoff, part, reading)
        return np.array([result.values(metric, cutoff, part, reading).mean() for result in self.finished])

    def spread(self, metric: str, cutoff: int, reading: str = "") -> tuple[float, float]:
        """Standard deviations, as fractions: over draws (of means over training seeds), and over training seeds within
        draws (the root of the mean variance). NaN where there are not two."""
        values = [result.values(metric, cutoff, "test", reading) for result in self.finished]
        means = [each.mean() for each in values]
        within = [each.var(ddof=1) for each in values if len(each) > 1]
        between = np.std(means, ddof=1) if len(means) > 1 else np.nan
        return float(between), float(np.sqrt(np.mean(within))) if within else float("nan")

    def per_user(self, metric: str, cutoff: int, reading: str = "") -> pd.Series | None:
        """The metric of every test user, averaged over the training seeds, indexed by draw and user. None if ranks are
        missing."""
        values = {result.cell.dataset: result.per_user(metric, cutoff, reading) for result in self.finished}
        return None if any(each is None for each in values.values()) else pd.concat(values)

    def pairs_with(self, other: "Draws") -> list[tuple[Result, Result]]:
        """The draws on which both are done."""
        return [(own, its) for own, its in zip(self.results, other.results, strict=True) if own.done and its.done]

    @property
    def ranked(self) -> bool:
        """Whether every finished draw has what the view asks for."""
        return self.has(self.reading) if self.done else False

    def seen(self, view: Mapping) -> "Draws":
        """The same in a view: which candidates, which group of users."""
        return Draws(tuple(result.seen(view) for result in self.results)) if view else self

    def minus(self, other: "Draws") -> "Gains":
        """The same as gains over another."""
        return Gains(self.results, other)

    @property
    def users(self) -> int | None:
        counts = [result.users for result in self.finished]
        return None if None in counts else sum(counts)

    @property
    def cards(self) -> list[dict]:
        return [card for result in self.finished for card in result.cards]

    def setting(self, role: str, key: str) -> object:
        return (self.finished or self.results)[0].setting(role, key)

    @cached_property
    def flags(self) -> list[str]:
        """What a reader must know; what only some draws have is counted."""
        every = [flag for result in self.finished for flag in result.flags]
        flags = []
        for flag in dict.fromkeys(every):
            count = every.count(flag)
            whole = count == len(self.results)
            flags.append(flag if whole else f"{flag} ({count} of {len(self.results)} draws)")
        if 0 < len(self.finished) < len(self.results):
            states = ", ".join(
                f"{result.cell.dataset} {result.status}: {result.reason}" for result in self.results if not result.done
            )
            flags.append(f"{len(self.finished)} of {len(self.results)} draws ({states})")
        return flags


@dataclass(frozen=True)
class Gains(Draws):
    """Of every seed, or draw, its number minus that of another result."""

    other: Draws

    def values(self, metric: str, cutoff: int, part: str = "test", reading: str = "") -> np.ndarray:
        if not self.other.done or self.other.seeds != self.seeds:
            return np.full(len(self.seeds), np.nan)
        return super().values(metric, cutoff, part, reading) - self.other.values(metric, cutoff, part, reading)
