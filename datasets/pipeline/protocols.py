"""Protocols: which rows are trained on, and which are held out.

`loo`, leave one out: of each user with at least three rows the last is the test item and the last but one the
validation item. A user with fewer rows stays in the training data whole, for there would be no history to rank from.

`time`, the global time line: two cut dates, at 80 % and 90 % of all rows. Training holds what came before the first
cut. Of a user with training rows, the first row from the first cut on and before the second is the validation item,
the first row from the second cut on the test item: the next thing that this user did. Rows after a cut that are
neither are left out, so that nothing after a cut is ever trained on.

`cut`, one date: training holds the rows before it. Of a user with two training rows and two rows from the date on, the
first of these is the validation item and the second the test item. The rest is left out.

`others`, other users: of data that marks users who are only tested (column `only_tested`) the marked ones are ranked,
the last row of each as the test item and the last but one as the validation item, from a history that nothing is
trained on (`histories.csv`). All rows of the others are training data.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.time_audit import errors, inspect_time, undated

CUTS = (0.8, 0.9)
FEWEST_TARGETS = 10
FEWEST_ROWS = 2  # before the date and from it on, of a user whom the protocol `cut` tests
ONLY_TESTED = "only_tested"  # a column of the interactions, true for all rows of a user who is only tested


@dataclass(frozen=True)
class Parts:
    """Positions of rows in the ordered interactions; `cuts` are times in seconds, for the global time line and a cut at
    a date; `histories` what is known and not trained on: rows of users who are only tested, for `others`, and the meta
    set's (datasets/pipeline/meta.py)."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    cuts: tuple[int, ...] = ()
    histories: np.ndarray | None = None

    @property
    def tables(self) -> dict[str, np.ndarray]:
        """By the name of their file."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return found if self.histories is None else found | {"histories": self.histories}

    @property
    def known(self) -> np.ndarray:
        """The rows that are known before anything is held out: training rows, and histories of users only tested."""
        return self.train if self.histories is None else np.sort(np.concatenate([self.train, self.histories]))


def leave_one_out(interactions: pd.DataFrame) -> Parts:
    """The protocol `loo` (above). `interactions`: rows sorted by user, each user's in order."""
    users = interactions["user"].to_numpy()
    place, rows = places(users)
    from_end = np.where(rows >= 3, rows - place, rows + 3)  # 1: last; users with fewer rows have neither
    return Parts(np.flatnonzero(from_end > 2), np.flatnonzero(from_end == 2), np.flatnonzero(from_end == 1))


def other_users(interactions: pd.DataFrame, name: str) -> Parts:
    """The protocol `others` (above). `interactions`: rows sorted by user, each user's in order."""
    if ONLY_TESTED not in interactions:
        raise BadInput(f"split '{name}': the data marks no users who are only tested ({ONLY_TESTED}); use loo")
    tested = interactions[ONLY_TESTED].to_numpy(bool)
    place, rows = places(interactions["user"].to_numpy())
    from_end = rows - place  # 1: last
    parts = (~tested, tested & (from_end == 2), tested & (from_end == 1), tested & (from_end > 2))
    train, validation, test, histories = map(np.flatnonzero, parts)
    return Parts(train, validation, test, histories=histories)


def time_line(interactions: pd.DataFrame) -> Parts:
    """The protocol `time` (above). `interactions`: rows sorted by user, each user's by time; at least one row."""
    users, time = interactions["user"].to_numpy(), interactions["time"].to_numpy(np.int64)
    first_cut, second_cut = np.quantile(time, CUTS, method="higher")
    train = time < first_cut
    known = np.isin(users, users[train])
    between = known & ~train & (time < second_cut)
    after = known & (time >= second_cut)
    cuts = (int(first_cut), int(second_cut))
    return Parts(np.flatnonzero(train), _firsts(users, between), _firsts(users, after), cuts)


def cut_at(interactions: pd.DataFrame, moment: int) -> Parts:
    """The protocol `cut` (above), at a time in seconds. `interactions`: rows sorted by user, each user's by time."""
    users = interactions["user"].to_numpy()
    train = interactions["time"].to_numpy(np.int64) < moment
    place, rows = places(users)
    before = np.bincount(users[train], minlength=users.max(initial=-1) + 1)[users]
    tested = (before >= FEWEST_ROWS) & (rows - before >= FEWEST_ROWS)
    held_out = (np.flatnonzero(tested & (place - before == nth)) for nth in (0, 1))
    return Parts(np.flatnonzero(train), *held_out, cuts=(moment,))


def check_time_line(name: str, interactions: pd.DataFrame, parts: Parts) -> None:
    """BadInput where the time is no clock, or the cuts leave too few held-out items to measure anything."""
    if fault := errors(inspect_time(interactions)):
        raise BadInput(f"split '{name}': the time is no clock: {fault}; use loo, or the original file")
    if min(len(parts.validation), len(parts.test)) < FEWEST_TARGETS:
        raise BadInput(
            f"split '{name}': cut dates at {CUTS[0]:.0%} and {CUTS[1]:.0%} of the rows leave {len(parts.validation)} "
            f"validation and {len(parts.test)} test items, fewer than {FEWEST_TARGETS}; use loo"
        )


def check_cut(name: str, interactions: pd.DataFrame, parts: Parts) -> None:
    """BadInput where the time has no dates, or the date leaves too few users to measure anything."""
    if fault := undated(inspect_time(interactions)):
        raise BadInput(
            f"split '{name}': this is no time in seconds since 1970, which a date wants: {fault}; correct it in the "
            "data set's parser or raw file, or use loo"
        )
    if len(parts.test) < FEWEST_TARGETS:
        first, last = pd.to_datetime([interactions["time"].min(), interactions["time"].max()], unit="s").date
        raise BadInput(
            f"split '{name}': {len(parts.test)} users have {FEWEST_ROWS} rows before the date and {FEWEST_ROWS} from "
            f"it on, fewer than {FEWEST_TARGETS}; take another date between {first} and {last}, or use loo"
        )


def places(users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of the sorted `users`: its place within the user, from 0, and the user's number of rows."""
    begin = np.searchsorted(users, users, side="left")
    return np.arange(len(users)) - begin, np.searchsorted(users, users, side="right") - begin


def _firsts(users: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Position of the first chosen row of each user."""
    positions = np.flatnonzero(chosen)
    return positions[np.unique(users[positions], return_index=True)[1]]
