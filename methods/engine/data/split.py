"""A split as flat tensors: what a method may know. The test targets live in a file that nothing here opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, record_of, unchanged
from datasets.pipeline.lists import Lists, lists_from
from methods.engine.data.interactions import Holdings, holdings
from methods.engine.data.ragged import offsets_of

LISTS = "lists.parquet"


@dataclass(frozen=True)
class Split:
    """Training histories: user u holds `items[offsets[u]:offsets[u + 1]]`, in order.

    items (n,) int64; offsets (users + 1,) int64; categories (catalogue,) int64, -1 where unknown. groups: the users of
    each group, ascending, where the split puts users into groups. exposures: single items that were shown, with the
    decision, that may be learnt from (columns user, step, item, accepted, regime, ..), where the data has such. meta:
    the item that follows the histories of some casual users, which nothing trains on, in an order of chance, where the
    split has such.
    """

    name: str
    items: torch.Tensor
    offsets: torch.Tensor
    categories: torch.Tensor
    digest: str = ""
    groups: Mapping[str, torch.Tensor] = field(default_factory=dict)
    exposures: pd.DataFrame | None = None
    meta: "Targets | None" = None

    @property
    def users(self) -> int:
        return len(self.offsets) - 1

    @property
    def catalogue(self) -> int:
        """Number of items, the held-out ones included."""
        return len(self.categories)

    @property
    def lengths(self) -> torch.Tensor:
        return self.offsets.diff()

    @property
    def owners(self) -> torch.Tensor:
        """The user of each interaction. Shape (n,)."""
        return torch.repeat_interleave(torch.arange(self.users), self.lengths)

    @cached_property
    def held(self) -> Holdings:
        """The distinct items of each user."""
        return holdings(self.owners, self.items, self.users, self.catalogue)

    @property
    def item_counts(self) -> torch.Tensor:
        """How often each item occurs. Shape (catalogue,), int64."""
        return torch.bincount(self.items, minlength=self.catalogue)

    def extended(self, targets: "Targets") -> "Split":
        """The split with the targets appended to their users' histories: what is known when the test item is ranked."""
        owners = torch.cat([self.owners, targets.users])
        order = torch.argsort(owners, stable=True)
        lengths = self.lengths.index_add(0, targets.users, torch.ones_like(targets.users))
        return Split(
            self.name,
            torch.cat([self.items, targets.items])[order],
            offsets_of(lengths),
            self.categories,
            self.digest,
            self.groups,
            self.exposures,
            self.meta,
        )


@dataclass(frozen=True)
class Targets:
    """Held-out items, at most one a user. users (t,), items (t,) int64."""

    users: torch.Tensor
    items: torch.Tensor

    def of(self, users: torch.Tensor) -> "Targets":
        """Those of some users."""
        inside = torch.isin(self.users, users)
        return Targets(self.users[inside], self.items[inside])


@dataclass(frozen=True)
class Candidates:
    """The items that the targets of user u are ranked among besides the whole catalogue, none of which the user has in
    any part: `items[offsets[u]:offsets[u + 1]]`. items (n,), offsets (users + 1,) int64."""

    items: torch.Tensor
    offsets: torch.Tensor

    @property
    def lengths(self) -> torch.Tensor:
        return self.offsets.diff()


def load_split(folder: Path) -> Split:
    """Read training histories and the catalogue of `folder` (formats: workflow/README.md)."""
    folder = Path(folder)
    about = read_json(folder / "split.json")
    categories = _read(folder / "items.csv", about)["category"].to_numpy()
    items, offsets = _by_user(folder / "train.csv", about)
    known = torch.from_numpy(categories.copy())
    file = folder / "exposures.parquet"
    exposures = pd.read_parquet(unchanged(file, about)) if file.is_file() else None
    meta = load_targets(folder / "meta.csv") if (folder / "meta.csv").is_file() else None
    return Split(about["name"], items, offsets, known, about["digest"], load_groups(folder), exposures, meta)


def load_groups(folder: Path) -> dict[str, torch.Tensor]:
    """The users of each group by `users.csv`; none where the split has no groups."""
    file = Path(folder) / "users.csv"
    if not file.is_file():
        return {}
    table = pd.read_csv(unchanged(file, read_json(Path(folder) / "split.json")))
    return {str(name): torch.tensor(rows["user"].to_numpy()) for name, rows in table.groupby("group")}


def load_known(folder: Path, split: Split) -> Split:
    """The histories that targets are ranked from: those of the split, and of users who are only tested, if any."""
    file = Path(folder) / "histories.csv"
    if not file.is_file():
        return split
    items, offsets = _by_user(file, read_json(Path(folder) / "split.json"))
    owners = torch.repeat_interleave(torch.arange(split.users), offsets.diff())
    return split.extended(Targets(owners, items))


def load_candidates(folder: Path) -> Candidates | None:
    """Read `candidates.csv`; None for data whose targets are ranked over the catalogue alone."""
    about = read_json(Path(folder) / "split.json")
    file = unchanged(Path(folder) / "candidates.csv", about)
    return Candidates(*_by_user(file, about)) if file.is_file() else None


def load_lists(folder: Path) -> Lists:
    """Read the lists of a split, held-out choices taken out, or of prepared data. BadInput where there are none."""
    file = Path(folder) / LISTS
    if not file.is_file():
        raise BadInput(f"{file}: no such file: the data has no impression lists; take data that has them")
    return lists_from(pd.read_parquet(unchanged(file, record_of(file.parent))))


def load_targets(file: Path) -> Targets:
    """Read `validation.csv` or, after all training is done, `test.csv`."""
    pairs = _pairs(Path(file), read_json(Path(file).parent / "split.json"))
    return Targets(torch.from_numpy(pairs["user"].to_numpy().copy()), torch.from_numpy(pairs["item"].to_numpy().copy()))


def _by_user(file: Path, about: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """The items of a file, and where each user's begin."""
    pairs = _pairs(file, about)
    users = pairs["user"].to_numpy()
    if (np.diff(users) < 0).any():
        raise BadInput(f"{file}: users are not in ascending order; make the split again")
    offsets = np.searchsorted(users, np.arange(about["users"] + 1)).astype(np.int64)
    return torch.from_numpy(pairs["item"].to_numpy().copy()), torch.from_numpy(offsets)


def _pairs(file: Path, about: dict) -> pd.DataFrame:
    pairs = _read(file, about)
    if list(pairs.columns) != ["user", "item"]:
        raise BadInput(f"{file}: columns {list(pairs.columns)}, expected user,item; make the split again")
    for column, count in (("user", about["users"]), ("item", about["items"])):
        if len(pairs) and not 0 <= pairs[column].min() <= pairs[column].max() < count:
            raise BadInput(f"{file}: column {column} leaves 0..{count - 1}; make the split again")
    return pairs


def _read(file: Path, about: dict) -> pd.DataFrame:
    """A file of whole numbers, if it holds what the split's record says."""
    return pd.read_csv(unchanged(file, about), dtype=np.int64)
