"""Impression lists with choices: what was shown to whom, and what of it was taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput


@dataclass(frozen=True)
class Lists:
    """List l was shown to users[l] and held items[offsets[l]:offsets[l + 1]], in the order in which they were shown.

    users (lists,), items (shown,): identifiers, integers or strings; offsets (lists + 1,) int64; chosen (shown,) bool;
    times (lists,) seconds since 1970 UTC, int64, or None.
    """

    users: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    chosen: np.ndarray
    times: np.ndarray | None = None

    def __post_init__(self) -> None:
        lists, shown = len(self.users), len(self.items)
        if len(self.offsets) != lists + 1 or self.offsets[0] != 0 or self.offsets[-1] != shown:
            raise ValueError(f"offsets must run from 0 to {shown} in {lists} steps")
        if (np.diff(self.offsets) < 0).any() or len(self.chosen) != shown:
            raise ValueError("offsets must not fall, and every shown item needs an answer")

    def __len__(self) -> int:
        return len(self.users)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    @property
    def rows(self) -> np.ndarray:
        """The list of each shown item. Shape (shown,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def owners(self) -> np.ndarray:
        """The user to whom each item was shown. Shape (shown,)."""
        return self.users[self.rows]

    def table(self) -> pd.DataFrame:
        """One row for each shown item, lists in order: list, user, item, chosen, and time where it is known."""
        rows = self.rows
        columns = {"list": rows, "user": self.users[rows], "item": self.items, "chosen": self.chosen}
        return pd.DataFrame(columns if self.times is None else columns | {"time": self.times[rows]})

    def choices(self) -> pd.DataFrame:
        """The rows of the table that were chosen, without the column that says so: the interactions."""
        table = self.table()
        return table[table["chosen"]].drop(columns="chosen").reset_index(drop=True)


@dataclass(frozen=True)
class Blocks:
    """Lists of one length. users (n,) int64; items (n, length) int64, 0 where nothing is shown; chosen, shown
    (n, length) bool; nothing is chosen that is not shown. What is shown stands on the left."""

    users: np.ndarray
    items: np.ndarray
    chosen: np.ndarray
    shown: np.ndarray

    def __len__(self) -> int:
        return len(self.users)


def lists_from(table: pd.DataFrame) -> Lists:
    """The lists of a table as `Lists.table` gives it; rows of one list stand together, lists are numbered 0, 1, .."""
    number = table["list"].to_numpy(np.int64)
    first = np.flatnonzero(np.diff(number, prepend=-1))
    if len(number) and not np.array_equal(number[first], np.arange(len(first))):
        raise BadInput("a table of lists: lists must be numbered 0, 1, .. and the rows of a list stand together")
    times = table["time"].to_numpy(np.int64)[first] if "time" in table else None
    offsets = np.append(first, len(table)).astype(np.int64)
    return Lists(table["user"].to_numpy()[first], offsets, table["item"].to_numpy(), table["chosen"].to_numpy(), times)


def numbered(lists: Lists, users: Sequence, items: Sequence) -> Lists:
    """The lists with dense integers for identifiers: the places in `users` and `items`. BadInput names a stranger."""
    codes = []
    for what, known, found in (("user", users, lists.users), ("item", items, lists.items)):
        code = pd.Index(known).get_indexer(found)
        if (code < 0).any():
            raise BadInput(f"{what} '{found[code.argmin()]}' stands in a list but not among the {len(known)} {what}s")
        codes.append(code.astype(np.int64))
    return Lists(codes[0], lists.offsets, codes[1], lists.chosen, lists.times)


def without(lists: Lists, users: np.ndarray, items: np.ndarray) -> Lists:
    """The lists as if the pairs (users[j], items[j]) had never been shown: held-out choices are not to be learnt.

    Dense identifiers. A list of which nothing is left goes too.
    """
    width = 1 + max(lists.items.max(initial=0), np.max(items, initial=0))
    return _left(lists, ~np.isin(lists.owners * width + lists.items, np.asarray(users) * width + np.asarray(items)))


def before(lists: Lists, time: int) -> Lists:
    """The lists that were shown before `time`, in seconds since 1970 UTC."""
    if lists.times is None:
        raise BadInput("lists without a time cannot be cut on a time line; use loo, or let the parser give times")
    return _left(lists, (lists.times < time)[lists.rows])


def _left(lists: Lists, kept: np.ndarray) -> Lists:
    """What is left with the `kept` ones of all shown items. A list of which nothing is left goes too."""
    lengths = np.bincount(lists.rows[kept], minlength=len(lists))
    left = lengths > 0
    times = None if lists.times is None else lists.times[left]
    offsets = np.concatenate([[0], lengths[left].cumsum()])
    return Lists(lists.users[left], offsets, lists.items[kept], lists.chosen[kept], times)


def blocks(lists: Lists, length: int) -> Blocks:
    """Every list cut from its top into pieces of `length`, the last one of each filled up on the right.

    Dense identifiers. A model with a fixed number of positions (CPR's choice model) can then read lists of any length.
    """
    if length < 1:
        raise ValueError(f"blocks of {length} items; at least 1")
    rows, pieces = lists.rows, -(-lists.lengths // length)
    place = np.arange(len(rows)) - lists.offsets[:-1][rows]
    row, column = (pieces.cumsum() - pieces)[rows] + place // length, place % length
    shape = (int(pieces.sum()), length)
    items, chosen, shown = (np.zeros(shape, dtype) for dtype in (np.int64, bool, bool))
    items[row, column], chosen[row, column], shown[row, column] = lists.items, lists.chosen, True
    return Blocks(np.repeat(lists.users, pieces), items, chosen, shown)
