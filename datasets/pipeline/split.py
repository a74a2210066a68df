"""From interactions to training histories and held-out items (formats: workflow/README.md).

`loo`, leave one out: of each user with at least three rows the last is the test item and the last but one the
validation item. A user with fewer rows stays in the training data whole, for there would be no history to rank from.

`time`, the global time line: two cut dates, at 80 % and 90 % of all rows. Training holds what came before the first
cut. Of a user with training rows, the first row from the first cut on and before the second is the validation item,
the first row from the second cut on the test item: the next thing that this user did. Rows after a cut that are
neither are left out, so that nothing after a cut is ever trained on.

`others`, other users: of data that marks users who are only tested (column `only_tested`) the marked ones are ranked,
the last row of each as the test item and the last but one as the validation item, from a history that nothing is
trained on (`histories.csv`). All rows of the others are training data.

Of data with lists, the training lists are those before the first cut, or all in `loo`, without any showing of a pair
that is held out: no later step can see that it was shown, nor that it was chosen.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv

from datasets.pipeline.candidates import draw_candidates
from datasets.pipeline.card import Card, card
from datasets.pipeline.code import made_with
from datasets.pipeline.digest import content_digest
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, sha256, unchanged, whole_file, write_json
from datasets.pipeline.lists import Lists, before, lists_from, without
from datasets.pipeline.orders import put_in_order
from datasets.pipeline.time_audit import errors, inspect_time

CUTS = (0.8, 0.9)
FEWEST_TARGETS = 10
PROTOCOLS = ("loo", "time", "others")
ONLY_TESTED = "only_tested"  # a column of the interactions, true for all rows of a user who is only tested


@dataclass(frozen=True)
class Parts:
    """Positions of rows in the ordered interactions; `cuts` are times in seconds, for the global time line; `histories`
    what is known of users who are only tested, for `others`."""

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


@dataclass(frozen=True)
class SplitName:
    """<dataset>.<protocol>[.<order>]; without an order, the card's default order."""

    dataset: str
    protocol: str
    order: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.dataset, self.protocol, self.order) if part)


def parse_name(name: str) -> tuple[SplitName, Card]:
    """Read a split's name and find its card. BadInput names what may stand in each place."""
    parts = name.split(".")
    if len(parts) not in (2, 3):
        raise BadInput(f"split '{name}': expected <dataset>.<protocol>[.<order>], such as lastfm.loo.shuffled")
    split = SplitName(*parts)
    about = card(split.dataset)
    if split.protocol not in PROTOCOLS:
        raise BadInput(f"split '{name}': unknown protocol '{split.protocol}', one of {', '.join(PROTOCOLS)}")
    if split.protocol == "time" and not about.has_time:
        raise BadInput(f"split '{name}': {split.dataset} has no time, so it has no global time line; use loo")
    if split.protocol == "time" and split.order:
        raise BadInput(f"split '{name}': the global time line has one order; leave '.{split.order}' out")
    if split.order and split.order not in about.orders:
        raise BadInput(f"split '{name}': {split.dataset} offers the orders {', '.join(about.orders)}")
    return split, about


def make_split(name: str, results: Path) -> dict:
    """Write `results`/splits/<name>/ from `results`/data/<dataset>/ and return what split.json says."""
    split, about = parse_name(name)
    data = Path(results) / "data" / split.dataset
    prepared = read_json(data / "data.json", sealed=True)
    order = "time" if split.protocol == "time" else split.order or about.default_order
    interactions = rows = pd.read_parquet(unchanged(data / "interactions.parquet", prepared))
    if split.protocol != "time":
        rows = put_in_order(interactions, about.orders[order])
        parts = leave_one_out(rows) if split.protocol == "loo" else other_users(rows, name)
    else:
        parts = time_line(rows)
        _check_time_line(name, rows, parts)
    items = pd.read_parquet(unchanged(data / "items.parquet", prepared))
    tables = {part: rows.iloc[places][["user", "item"]] for part, places in parts.tables.items()}
    tables["items"] = pd.DataFrame({"item": np.arange(len(items)), "category": _categories(items)})
    held_out = pd.concat([tables["validation"], tables["test"]])
    content = {
        "name": name,
        "dataset": split.dataset,
        "protocol": split.protocol,
        "order": order,
        "users": prepared["counts"]["users"],
        "items": prepared["counts"]["items"],
        "rows": {part: len(places) for part, places in parts.tables.items()},
        "left_out": prepared["counts"]["interactions"] - sum(map(len, parts.tables.values())),
        "cuts": list(parts.cuts),
        "data_digest": prepared["digest"],
        "verified": prepared["verified"],
    }
    if about.candidates:
        content["candidates"] = about.candidates
        users = np.unique(held_out["user"])
        tables["candidates"] = draw_candidates(interactions, users, len(items), about.candidates)
    folder = Path(results) / "splits" / name
    for part, table in tables.items():
        _write_csv(folder / f"{part}.csv", table)
    files = [folder / f"{part}.csv" for part in tables]
    content["digest"] = sha256(*files)
    if "lists" in prepared["counts"]:
        whole = lists_from(pd.read_parquet(unchanged(data / "lists.parquet", prepared)))
        lists = training_lists(whole, held_out, parts.cuts)
        content["lists"] = len(lists)
        files.append(folder / "lists.parquet")
        content["digest"] = _write_lists(files[-1], lists.table(), content["digest"])
    content |= {"contents": contents(*files), "made_with": made_with("split")}
    write_json(folder / "split.json", content)
    return content


def training_lists(lists: Lists, held_out: pd.DataFrame, cuts: tuple[int, ...] = ()) -> Lists:
    """The lists that may be learnt from: those before the first cut, without the pairs `user, item` of `held_out`."""
    if cuts:
        lists = before(lists, cuts[0])
    return without(lists, held_out["user"].to_numpy(), held_out["item"].to_numpy())


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


def _check_time_line(name: str, interactions: pd.DataFrame, parts: Parts) -> None:
    """BadInput where the time is no clock, or the cuts leave too few held-out items to measure anything."""
    if fault := errors(inspect_time(interactions)):
        raise BadInput(f"split '{name}': the time is no clock: {fault}; use loo, or the original file")
    if min(len(parts.validation), len(parts.test)) < FEWEST_TARGETS:
        raise BadInput(
            f"split '{name}': cut dates at {CUTS[0]:.0%} and {CUTS[1]:.0%} of the rows leave {len(parts.validation)} "
            f"validation and {len(parts.test)} test items, fewer than {FEWEST_TARGETS}; use loo"
        )


def places(users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of the sorted `users`: its place within the user, from 0, and the user's number of rows."""
    begin = np.searchsorted(users, users, side="left")
    return np.arange(len(users)) - begin, np.searchsorted(users, users, side="right") - begin


def _firsts(users: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Position of the first chosen row of each user."""
    positions = np.flatnonzero(chosen)
    return positions[np.unique(users[positions], return_index=True)[1]]


def _categories(items: pd.DataFrame) -> np.ndarray:
    """Categories as integers in alphabetical order, -1 where unknown."""
    if "category" not in items:
        return np.full(len(items), -1)
    return pd.factorize(items["category"], sort=True)[0]


def _write_lists(file: Path, lists: pd.DataFrame, digest: str) -> str:
    """Write the lists; give a digest of them and of what `digest` stands for."""
    with whole_file(file) as temporary:
        lists.to_parquet(temporary, index=False, compression="zstd")
    return hashlib.sha256(f"{digest} {content_digest({'lists': lists})}".encode()).hexdigest()


def _write_csv(file: Path, table: pd.DataFrame) -> None:
    with whole_file(file) as temporary, open(temporary, "wb") as stream:
        stream.write((",".join(table.columns) + "\n").encode())
        content = pyarrow.Table.from_pandas(table, preserve_index=False)
        pyarrow.csv.write_csv(content, stream, pyarrow.csv.WriteOptions(include_header=False))
