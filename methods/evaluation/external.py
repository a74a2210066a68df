"""Results of methods that run outside: scores or ranks as CSV files, in any language (format: methods/README.md).

To check the files of a method:  python -m methods.evaluation.external --split FOLDER --results FOLDER [--seed 1]
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput, tell
from methods.engine.data.split import Candidates, Split, Targets, load_candidates, load_split, load_targets
from methods.evaluation.counting import count_among, count_ranks, of_users
from methods.evaluation.metrics import summary
from methods.evaluation.ranking import Ranks

COUNTS = ["above_kept", "ties_kept", "above_removed", "ties_removed"]
SAMPLED = ["above_sampled", "ties_sampled"]  # where the split has candidates
PARTS = ("validation", "test")
SCORES_AT_ONCE = 1 << 24  # of a file, 64 MiB of float32


def external_ranks(split_folder: Path, folder: Path, seed: int) -> dict[str, Ranks]:
    """Ranks of the validation and of the test targets from `ranks.csv` or `<part>.scores.csv` in `folder`.

    A file of this seed alone bears `seed-<s>.` before its name and goes first. Raises BadInput for a file that is
    absent, does not hold every user once, or holds something that is no number.
    """
    split, targets = load_split(split_folder), {part: load_targets(split_folder / f"{part}.csv") for part in PARTS}
    known = {"validation": split, "test": split.extended(targets["validation"])}
    ranks = _find(folder, seed, "ranks.csv")
    if ranks is not None:
        return _given_ranks(ranks, split, targets)
    scores = {part: _find(folder, seed, f"{part}.scores.csv") for part in PARTS}
    missing = [f"{part}.scores.csv" for part, file in scores.items() if file is None]
    if missing:
        raise BadInput(f"{folder}: neither ranks.csv nor {' and '.join(missing)}, with or without seed-{seed}. before")
    sampled = load_candidates(split_folder)
    return {part: rank_scores(scores[part], known[part], targets[part], sampled) for part in PARTS}


def rank_scores(file: Path, split: Split, targets: Targets, sampled: Candidates | None = None) -> Ranks:
    """Ranks from a table of scores: columns user, 0, 1, .., catalogue - 1; one row for each user with a target.

    Read in stretches of rows. split: the histories that are known when these targets are ranked.
    """
    item_of = torch.full((split.users,), -1)
    item_of[targets.users] = targets.items
    found = []
    for table in _stretches(file, split.catalogue):
        users = torch.from_numpy(table["user"].to_numpy(copy=True))
        strange = (users < 0) | (users >= split.users)
        strange[~strange] = item_of[users[~strange]] < 0
        if strange.any():
            raise BadInput(f"{file}: user {int(users[strange][0])} has no target in this split; leave the row out")
        scores = torch.from_numpy(table.iloc[:, 1:].to_numpy(copy=True))
        row, item = np.nonzero(~np.isfinite(scores.numpy()))
        if len(row):
            raise BadInput(f"{file}: the score of user {int(users[row[0]])} for item {item[0]} is not a finite number")
        counts = [users.numpy()[None], np.empty((4, len(users)), dtype=np.int64)]
        count_ranks(scores, item_of[users].numpy(), users.numpy(), split.held, counts[1])
        if sampled is not None:
            counts.append(count_among(scores, item_of[users], *of_users(sampled, users)).numpy())
        found.append(np.concatenate(counts).T)
    columns = ["user", *COUNTS, *(SAMPLED if sampled is not None else ())]
    table = pd.DataFrame(np.concatenate([np.empty((0, len(columns)), dtype=np.int64), *found]), columns=columns)
    return _in_order(file, table, targets)


def _stretches(file: Path, catalogue: int) -> Iterator[pd.DataFrame]:
    expected = ["user", *map(str, range(catalogue))]
    with _table_of(file):
        header = pd.read_csv(file, nrows=0).columns
    if list(header) != expected:
        raise BadInput(f"{file}: {len(header)} columns, expected user and the items 0, 1, .., {catalogue - 1} in order")
    types = {name: np.int64 if name == "user" else np.float64 for name in expected}
    with _table_of(file):
        yield from pd.read_csv(file, dtype=types, chunksize=max(1, SCORES_AT_ONCE // catalogue))


@contextmanager
def _table_of(file: Path) -> Iterator[None]:
    """Name the file in what its reader finds at fault."""
    try:
        yield
    except pd.errors.EmptyDataError as error:
        raise BadInput(f"{file}: the file is empty; did the program that writes it end well?") from error
    except ValueError as error:  # not of the type that its column has, not in UTF-8, rows of other lengths
        raise BadInput(f"{file}: {error}") from error


def _given_ranks(file: Path, split: Split, targets: dict[str, Targets]) -> dict[str, Ranks]:
    with _table_of(file):
        table = pd.read_csv(file, dtype={"user": np.int64, "part": str, **dict.fromkeys(COUNTS + SAMPLED, np.int64)})
    if list(table.columns) not in (["user", "part", *COUNTS], ["user", "part", *COUNTS, *SAMPLED]):
        expected = f"user, part, {', '.join(COUNTS)}, and for sampled candidates {', '.join(SAMPLED)}"
        raise BadInput(f"{file}: columns {', '.join(table.columns)}; expected {expected}")
    strange = sorted(set(table["part"]) - set(PARTS))
    if strange:
        raise BadInput(f"{file}: part {strange[0]}; it must be validation or test")
    possible = (table[COUNTS] >= 0).all(axis=1) & (table["above_kept"] + table["ties_kept"] < split.catalogue)
    for of in [name for name in ("removed", "sampled") if f"above_{name}" in table]:
        possible &= table[f"above_{of}"].between(0, table["above_kept"])
        possible &= table[f"ties_{of}"].between(0, table["ties_kept"])
    if not possible.all():
        line = int(np.flatnonzero(~possible)[0]) + 2
        raise BadInput(
            f"{file}, line {line}: counts must be 0 or more, removed and sampled at most kept, and above_kept + "
            f"ties_kept less than the {split.catalogue} items of the catalogue"
        )
    return {part: _in_order(file, table[table["part"] == part], targets[part]) for part in PARTS}


def _in_order(file: Path, table: pd.DataFrame, targets: Targets) -> Ranks:
    """The counts in the order of the targets, each of them exactly once."""
    order = np.argsort(table["user"].to_numpy(), kind="stable")
    users = table["user"].to_numpy()[order]
    wanted = targets.users.numpy()
    different = np.setxor1d(users, wanted)
    if len(different):
        raise BadInput(f"{file}: user {different[0]} stands here or has a target in the split, but not both")
    if len(users) != len(wanted):
        raise BadInput(f"{file}: user {users[:-1][np.diff(users) == 0][0]} stands here more than once")
    counts = {name: table[name].to_numpy()[order] for name in COUNTS + SAMPLED if name in table}
    return Ranks(wanted, targets.items.numpy(), **counts)


def _find(folder: Path, seed: int, name: str) -> Path | None:
    candidates = (Path(folder) / f"seed-{seed}.{name}", Path(folder) / name)
    return next((file for file in candidates if file.is_file()), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", type=Path, required=True, help="a folder of results/<scale>/splits/")
    parser.add_argument("--results", type=Path, required=True, help="where the method wrote its scores or ranks")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        found = external_ranks(options.split, options.results, options.seed)
    except Exception as error:
        tell(error)
        raise SystemExit(1) from None
    for part, ranks in found.items():
        kept = summary(ranks.above_kept, ranks.ties_kept)["ndcg@5"]
        removed = summary(ranks.above_removed, ranks.ties_removed)["ndcg@5"]
        print(f"{part:10} {len(ranks.users):,} users, NDCG@5 {kept:.4f}, without seen items {removed:.4f}")


if __name__ == "__main__":
    start(main)
