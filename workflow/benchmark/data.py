"""Data to measure on: a split that is there, one prepared from raw files, or a synthetic one of the same shape."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.card import Card, card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import fetch
from datasets.pipeline.files import read_json, write_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split

SHORTEST = 4  # a pair to train on, the validation and the test target; RecBole splits fewer in another way


@dataclass(frozen=True)
class Shape:
    """Counts of a data set, the held-out items included."""

    users: int
    items: int
    interactions: int


# As prepared here. Book-Crossing: what the CASR paper counts.
SHAPES = {
    "movielens-100k": Shape(943, 1574, 82_520),
    "movielens-1m": Shape(6_039, 3_628, 836_478),
    "amazon-beauty": Shape(22_363, 12_101, 198_502),
    "lastfm": Shape(1_859, 2_823, 71_355),
    "book-crossing": Shape(22_816, 319_198, 1_028_948),
}


@dataclass(frozen=True)
class Data:
    """A split's folder, the name to show, and where it is from."""

    folder: Path
    name: str
    source: str


def find(dataset: str, store: Path, results: Path, raw: Path | None) -> Data:
    """The leave-one-out split of a data set. store: where what has to be made is put, once; results: where runs left
    theirs; raw: a folder of raw files."""
    split = f"{dataset}.loo"
    for folder in sorted(results.glob(f"*/splits/{split}")):
        if (folder / "split.json").is_file():
            return Data(folder, dataset, f"real, of {folder.parent.parent.name}")
    if raw is not None and _from_raw(dataset, split, store, raw):
        return Data(store / "splits" / split, dataset, "real, prepared from raw files")
    return Data(synthetic(SHAPES[dataset], store / "synthetic" / dataset), dataset, "synthetic, of the same counts")


def _from_raw(dataset: str, split: str, store: Path, raw: Path) -> bool:
    """Whether the split could be made of files in `raw`, nowhere else."""
    if (store / "splits" / split / "split.json").is_file():
        return True
    described = offline(card(dataset))
    try:
        fetch(described, store / "raw" / dataset, raw, accept_unverified=True)
    except BadInput:
        return False
    prepare(described, store, store / "raw" / dataset)
    make_split(split, store)
    return True


def offline(described: Card) -> Card:
    """A card that knows no address, so that nothing is downloaded."""
    return replace(described, downloads=tuple(replace(each, urls=()) for each in described.downloads))


def synthetic(shape: Shape, folder: Path, seed: int = 1) -> Path:
    """A split of log-normal history lengths and items drawn by Zipf's law, of the shape's counts.

    It costs what real data of these counts costs, but there is next to nothing to learn in it.
    """
    if (folder / "split.json").is_file():
        return folder
    random = np.random.default_rng(seed)
    lengths = _lengths(shape, random)
    chance = 1 / np.arange(10, shape.items + 10)
    items = random.permutation(shape.items)[random.choice(shape.items, lengths.sum(), p=chance / chance.sum())]
    write(folder, np.repeat(np.arange(shape.users), lengths), items, shape.items, f"{folder.name}.loo")
    return folder


def _lengths(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Lengths of all histories, which add up to the interactions of the shape."""
    spare = shape.interactions - SHORTEST * shape.users
    if spare < 0:
        raise ValueError(f"{shape.users} users need at least {SHORTEST * shape.users} interactions")
    weight = random.lognormal(0, 1, shape.users)
    return SHORTEST + random.multinomial(spare, weight / weight.sum())


def write(folder: Path, users: np.ndarray, items: np.ndarray, catalogue: int, name: str) -> None:
    """The files of a split (workflow/README.md) from interactions in order: each user's last two are held out."""
    table = pd.DataFrame({"user": users, "item": items})
    place = table.groupby("user").cumcount(ascending=False)
    folder.mkdir(parents=True, exist_ok=True)
    for part, chosen in (("train", place > 1), ("validation", place == 1), ("test", place == 0)):
        table[chosen].to_csv(folder / f"{part}.csv", index=False)
    pd.DataFrame({"item": np.arange(catalogue), "category": -1}).to_csv(folder / "items.csv", index=False)
    about = {"name": name, "users": int(users.max()) + 1, "items": catalogue, "digest": ""}
    write_json(folder / "split.json", about)


def portion(data: Data, users: int, folder: Path, seed: int = 1) -> Data:
    """The same with so many of the users that are ranked, chosen at random, and the whole catalogue."""
    about = read_json(data.folder / "split.json")
    parts = [pd.read_csv(data.folder / f"{part}.csv") for part in ("train", "validation", "test")]
    ranked = parts[-1]["user"].to_numpy()
    if users >= len(ranked):
        return data
    if not (folder / "split.json").is_file():
        chosen = np.sort(np.random.default_rng(seed).choice(ranked, users, replace=False))
        table = pd.concat([part[part["user"].isin(chosen)] for part in parts]).sort_values("user", kind="stable")
        new = np.searchsorted(chosen, table["user"].to_numpy())
        write(folder, new, table["item"].to_numpy(), about["items"], about["name"])
    return Data(folder, data.name, f"{data.source}, {users} of its users")


def counts(folder: Path) -> Shape:
    """Users, items and interactions of a split."""
    about = read_json(folder / "split.json")
    rows = sum(len(pd.read_csv(folder / f"{part}.csv")) for part in ("train", "validation", "test"))
    return Shape(about["users"], about["items"], rows)
