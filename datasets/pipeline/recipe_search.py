"""Which recipe gives the counts that a paper prints, where it names none? All of a space are tried on the raw rows.

For data cut at a date, of core and casual users (datasets/pipeline/protocols.py, groups.py): the printed counts are the
items, the casual and the core users, and the mean number of interactions. A recipe's distance is the mean of
|measured / printed - 1| over the four.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.card import Card
from datasets.pipeline.errors import BadInput, reading
from datasets.pipeline.fetch import load_fetched
from datasets.pipeline.files import whole_file
from datasets.pipeline.groups import DAY
from datasets.pipeline.identifiers import codes
from datasets.pipeline.protocols import FEWEST_ROWS
from datasets.pipeline.split_name import SplitName

GAP = 30 * DAY
COUNTS = ("items", "casual_users", "core_users", "avg_interactions")


@dataclass(frozen=True)
class Recipe:
    """repeats: of a user and an item, kept, or the first alone. min_user_rows, min_item_rows: 0 is no minimum; both at
    once, iterated until nothing changes or not. filtered: before or after users are chosen. training_rows: the least
    that a chosen user has before the cut, besides two from it on. grouped_by: the rows of the mean gap. counted: the
    rows, of chosen users, that items and the mean number are counted over; kept are training, validation and test.
    """

    repeats: str
    min_user_rows: int
    min_item_rows: int
    iterated: bool
    filtered: str
    training_rows: int
    grouped_by: str
    counted: str


CHOICES = {
    "repeats": ("kept", "first"),
    "min_user_rows": (0, 5, 10),
    "min_item_rows": (0, 5, 10, 20),
    "iterated": (False, True),
    "filtered": ("before", "after"),
    "training_rows": (1, 2, 5),
    "grouped_by": ("training", "all"),
    "counted": ("training", "all", "kept"),
}
NAMES = [part.name for part in fields(Recipe)]


@dataclass(frozen=True)
class Rows:
    """Rows sorted by user, then by time: user, item (both from 0) and time, in seconds, of each."""

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Rows":
        return Rows(self.user[chosen], self.item[chosen], self.time[chosen])


def search(interactions: pd.DataFrame, moment: int, printed: Mapping[str, float]) -> pd.DataFrame:
    """All recipes with what they measure and their distance from the printed counts, the nearest first.

    interactions: `user, item, time` as a parser gives them; moment: the cut, in seconds.
    """
    found = [astuple(recipe) + counts for recipe, counts in _measured(interactions, moment)]
    table = pd.DataFrame(found, columns=[*NAMES, *COUNTS])
    table.insert(0, "distance", np.mean([(table[name] / printed[name] - 1).abs() for name in COUNTS], axis=0))
    return table.sort_values("distance", kind="stable", ignore_index=True)


def search_file(card: Card, printed: Path, output: Path, day: str = "", store: Path | None = None) -> pd.DataFrame:
    """Search with the raw files of `card` and its row of `printed`, a table of the paper; write all of it as CSV."""
    table = pd.read_csv(printed)
    if lacking := {"dataset", *COUNTS} - set(table.columns):
        raise BadInput(f"{printed}: has no column {', '.join(sorted(lacking))}; name the paper's table of data sets")
    if card.name not in set(table["dataset"]):
        raise BadInput(f"{printed}: has no row of {card.name}, but of {', '.join(table['dataset'])}")
    split = SplitName(card.name, f"cut-{day or card.cut_date}")
    if split.kind != "cut":
        raise BadInput(f"{card.file}: has no cut_date; name the day (--cut 2009-01-01)")
    files = {name: Path(file["path"]) for name, file in load_fetched(card, store)["files"].items()}
    with reading(*(files.values() or [card.name])):
        interactions = card.parse(files).interactions
    found = search(interactions, split.moment, table.set_index("dataset").loc[card.name])
    found.insert(0, "dataset", card.name)
    with whole_file(output) as file:
        found.to_csv(file, index=False, lineterminator="\n")
    return found


def _measured(interactions: pd.DataFrame, moment: int) -> Iterator[tuple[Recipe, tuple]]:
    """Every recipe with its counts. What several recipes share is done once."""
    for repeats in CHOICES["repeats"]:
        rows = _rows(interactions, repeats)
        listed = {least: rows[_chosen(rows, moment, least)] for least in CHOICES["training_rows"]}
        for minima in product(*(CHOICES[name] for name in ("min_user_rows", "min_item_rows", "iterated"))):
            before = rows[_enough(rows, *minima)]
            for training_rows, own in listed.items():
                before = before[_chosen(before, moment, training_rows)]  # who has five training rows also has two
                for filtered, chosen in (("before", before), ("after", own[_enough(own, *minima)])):
                    counts = _counts(chosen, moment)
                    for grouped_by, counted in product(CHOICES["grouped_by"], CHOICES["counted"]):
                        recipe = Recipe(repeats, *minima, filtered, training_rows, grouped_by, counted)
                        yield recipe, counts[grouped_by, counted]


def _rows(interactions: pd.DataFrame, repeats: str) -> Rows:
    in_time = interactions.sort_values("time", kind="stable")
    if repeats == "first":
        in_time = in_time.drop_duplicates(["user", "item"])
    user, item = (codes(in_time, column).astype(np.int32) for column in ("user", "item"))
    return Rows(user, item, in_time["time"].to_numpy(np.int64))[np.argsort(user, kind="stable")]


def _enough(rows: Rows, users: int, items: int, iterated: bool) -> np.ndarray:
    """Places of the rows of users and of items with enough rows."""
    kept = np.arange(len(rows.user))
    while len(kept):
        user, item = rows.user[kept], rows.item[kept]
        enough = (np.bincount(user)[user] >= users) & (np.bincount(item)[item] >= items)
        kept = kept[enough]
        if enough.all() or not iterated:
            break
    return kept


def _chosen(rows: Rows, moment: int, training_rows: int) -> np.ndarray:
    """Which rows are of users with enough rows before the cut, and two from it on."""
    before = np.bincount(rows.user[rows.time < moment], minlength=rows.user.max(initial=-1) + 1)
    after = np.bincount(rows.user, minlength=len(before)) - before
    return ((before >= training_rows) & (after >= FEWEST_ROWS))[rows.user]


def _counts(rows: Rows, moment: int) -> dict[tuple[str, str], tuple]:
    """The counts by the rows of the mean gap, and by those that are counted. All users of the rows are listed."""
    begin = np.flatnonzero(np.diff(rows.user, prepend=-1))
    size = np.diff(begin, append=len(rows.user))
    before = np.add.reduceat(rows.time < moment, begin, dtype=np.int64) if len(begin) else size
    place = np.arange(len(rows.user)) - np.repeat(begin, size)
    known = np.repeat(before, size)
    counted = {"training": place < known, "all": place >= 0, "kept": place < known + FEWEST_ROWS}
    over = {name: (_distinct(rows.item[those]), those.sum() / max(len(begin), 1)) for name, those in counted.items()}
    found = {}
    for grouped_by, count in (("training", before), ("all", size)):
        last = rows.time[begin + np.maximum(count, 1) - 1]
        core = int(((count > 1) & (last - rows.time[begin] < GAP * (count - 1))).sum())
        for name, (items, mean) in over.items():
            found[grouped_by, name] = (items, len(begin) - core, core, mean)
    return found


def _distinct(items: Sequence[int] | np.ndarray) -> int:
    return int((np.bincount(items) > 0).sum())
