"""Files of one sequence a line, a user and what follows, of which two belong together place by place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposures import INTERVENTIONAL, OBSERVATIONAL


@dataclass(frozen=True)
class Sequences:
    """What a file holds: of each line its user, and values[offsets[l]:offsets[l + 1]]."""

    file: Path
    users: np.ndarray
    offsets: np.ndarray
    values: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    @property
    def lines(self) -> np.ndarray:
        """The line of each value, from 1."""
        return np.repeat(np.arange(1, len(self.users) + 1), self.lengths)

    def only(self, users: np.ndarray) -> "Sequences":
        """The lines of these users."""
        kept = np.isin(self.users, users)
        lengths = self.lengths[kept]
        return Sequences(
            self.file, self.users[kept], np.concatenate([[0], lengths.cumsum()]), self.values[kept[self.lines - 1]]
        )


def read_sequences(file: Path, separator: str | None = None, kind: type = int) -> Sequences:
    """Lines of `user value value ..`, apart by blanks or by `separator`. BadInput names the line that is none of these,
    and a user who has two."""
    users, lengths, values = [], [], []
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            first, *rest = line.split(separator) if line.strip() else [""]
            try:
                users.append(int(first))
                values.extend(map(kind, rest))
            except ValueError as fault:
                raise BadInput(f"{file}, line {number}: a user and numbers are expected ({fault})") from None
            lengths.append(len(rest))
    if not users:
        raise BadInput(f"{file}: holds no line; fetch it again")
    again = pd.Series(users).duplicated().to_numpy()
    if again.any():
        line = int(again.argmax()) + 1
        raise BadInput(f"{file}, line {line}: user {users[line - 1]} stands there once more; take one of the two out")
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Sequences(file, np.array(users), offsets, np.array(values, dtype=kind))


def observed(sequences: Sequences) -> pd.DataFrame:
    """What users took without a system, as exposures (datasets/pipeline/exposures.py)."""
    return _exposures(sequences, np.ones(len(sequences.values), dtype=bool), OBSERVATIONAL)


def recommended(books: Sequences, decisions: Sequences, more: Mapping[str, Sequences] | None = None) -> pd.DataFrame:
    """What a system showed and how it was answered, as exposures. more: further columns, such as `probability`.

    BadInput where the files do not have the same users in the same order, as many values a line, or decisions that are
    not 0 or 1.
    """
    for other in (decisions, *(more or {}).values()):
        if not np.array_equal(books.users, other.users):
            raise BadInput(
                f"{other.file}: its users are not those of {books.file}, line by line ({_first_apart(books, other)}); "
                "take files of one origin"
            )
        if not np.array_equal(books.lengths, other.lengths):
            line = int((books.lengths != other.lengths).argmax())
            raise BadInput(
                f"{other.file}, line {line + 1}: {other.lengths[line]} values, but {books.file} has "
                f"{books.lengths[line]} recommendations of this user; take files of one origin"
            )
    wrong = ~np.isin(decisions.values, (0, 1))
    if wrong.any():
        place = int(wrong.argmax())
        raise BadInput(
            f"{decisions.file}, line {decisions.lines[place]}: decision {decisions.values[place]} is neither 0 nor 1"
        )
    table = _exposures(books, decisions.values == 1, INTERVENTIONAL)
    return table.assign(**{name: of.values for name, of in (more or {}).items()})


def _exposures(sequences: Sequences, accepted: np.ndarray, regime: str) -> pd.DataFrame:
    columns = {"user": sequences.users[sequences.lines - 1], "item": sequences.values, "accepted": accepted}
    return pd.DataFrame(columns | {"regime": regime}, index=pd.Index(sequences.lines, name=str(sequences.file)))


def _first_apart(one: Sequences, other: Sequences) -> str:
    if len(one.users) != len(other.users):
        return f"{len(other.users)} lines beside {len(one.users)}"
    line = int((one.users != other.users).argmax())
    return f"line {line + 1}: user {other.users[line]} beside {one.users[line]}"
