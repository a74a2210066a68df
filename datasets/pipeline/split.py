"""From interactions to training histories, held-out items and groups of users (formats: workflow/README.md).

The protocols are in datasets/pipeline/protocols.py. Where the data set's card has a rule, users fall into groups
(datasets/pipeline/groups.py), which are part of the split.

Of data with lists, the training lists are those before the first cut, or all in `loo`, without any showing of a pair
that is held out: no later step can see that it was shown, nor that it was chosen. Of data with exposures, `decisions`
holds out decisions besides (datasets/pipeline/decisions.py).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv

from datasets.pipeline.candidates import draw_candidates
from datasets.pipeline.card import Card
from datasets.pipeline.code import made_with
from datasets.pipeline.decisions import Decided, hold_out
from datasets.pipeline.digest import content_digest
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, sha256, unchanged, whole_file, write_json
from datasets.pipeline.group_audit import inspect_groups
from datasets.pipeline.groups import check_groups, make_groups
from datasets.pipeline.lists import Lists, before, lists_from, without
from datasets.pipeline.meta import hold_out_meta
from datasets.pipeline.orders import put_in_order
from datasets.pipeline.protocols import Parts, check_cut, check_time_line, cut_at, leave_one_out, other_users, time_line
from datasets.pipeline.split_name import ALL_ROWS, ONE_ORDER, SplitName, parse_name

OWN = (".csv", ".parquet", ".json")  # what a split writes


def make_split(name: str, results: Path) -> dict:
    """Write `results`/splits/<name>/ from `results`/data/<dataset>/ and return what split.json says."""
    split, about = parse_name(name)
    data = Path(results) / "data" / split.dataset
    prepared = read_json(data / "data.json", sealed=True)
    order = "time" if split.kind in ONE_ORDER else split.order or about.default_order
    interactions = pd.read_parquet(unchanged(data / "interactions.parquet", prepared))
    decided = _decided(split, about, data, prepared, order) if split.kind == "decisions" else None
    rows, parts = (decided.positives, decided.parts) if decided else _parts(split, about, interactions, order)
    items = pd.read_parquet(unchanged(data / "items.parquet", prepared))
    folder, rule, share = Path(results) / "splits" / name, about.groups_of(split.kind), about.meta_of(split.kind)
    if rule:
        users, looked_at = _groups(split, about, rows, parts, rule)
    if share:
        place = f"{about.file}, meta.{split.kind}"
        parts, meta = hold_out_meta(name, place, rows, parts, users, share)
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
        "left_out": len(rows if decided else interactions) - sum(map(len, parts.tables.values())),
        "cuts": list(parts.cuts),
        "data_digest": prepared["digest"],
        "verified": prepared["verified"],
    }
    if about.candidates:
        content["candidates"] = about.candidates
        users = np.unique(held_out["user"])
        tables["candidates"] = draw_candidates(interactions, users, len(items), about.candidates)
    if rule:
        tables["users"] = users
        content["groups"] = {"rule": dict(rule), "rows": "all" if split.groups else "training"}
        write_json(folder / "audit.json", looked_at)
    if share:
        tables["meta"], content["meta"] = rows.iloc[meta][["user", "item"]], {"share": share, "users": len(meta)}
    for part, table in tables.items():
        _write_csv(folder / f"{part}.csv", table)
    files = [folder / f"{part}.csv" for part in tables]
    content["digest"] = sha256(*files)
    files += [folder / "audit.json"] if rule else []
    if "lists" in prepared["counts"]:
        whole = lists_from(pd.read_parquet(unchanged(data / "lists.parquet", prepared)))
        lists = training_lists(whole, held_out, parts.cuts)
        content["lists"] = len(lists)
        files.append(folder / "lists.parquet")
        content["digest"] = _write_table(files[-1], "lists", lists.table(), content["digest"])
    if decided:
        content |= {"exposures": _by(decided.exposures, "regime"), "decisions": _by(decided.decisions, "part")}
        content["short_sequences"] = decided.short
        for table, name in ((decided.exposures, "exposures"), (decided.decisions, "decisions")):
            files.append(folder / f"{name}.parquet")
            content["digest"] = _write_table(files[-1], name, table, content["digest"])
    content |= {"contents": contents(*files), "made_with": made_with("split")}
    _remove_others(folder, files)
    write_json(folder / "split.json", content)
    return content


def _remove_others(folder: Path, files: list[Path]) -> None:
    """Remove what an earlier making of the split wrote and this one did not, such as the groups of a rule that the card
    has no longer: readers take such a file for a part of the split."""
    kept = {"split.json", *(file.name for file in files)}
    for file in folder.iterdir():
        if file.suffix in OWN and file.name not in kept:
            file.unlink()


def _parts(split: SplitName, about: Card, interactions: pd.DataFrame, order: str) -> tuple[pd.DataFrame, Parts]:
    """The rows in the split's order, and what the protocol makes of them."""
    if split.kind == "time":
        parts = time_line(interactions)
        check_time_line(str(split), interactions, parts)
        return interactions, parts
    if split.kind == "cut":
        parts = cut_at(interactions, split.moment)
        check_cut(str(split), interactions, parts)
        return interactions, parts
    rows = put_in_order(interactions, about.orders[order])
    return rows, leave_one_out(rows) if split.kind == "loo" else other_users(rows, str(split))


def _groups(
    split: SplitName, about: Card, rows: pd.DataFrame, parts: Parts, rule: Mapping
) -> tuple[pd.DataFrame, dict]:
    """The groups, and what is to be known of them (datasets/pipeline/group_audit.py)."""
    by_training, by_all = (make_groups(rows, parts, rule, all_rows) for all_rows in (False, True))
    groups, other = (by_all, by_training) if split.groups == ALL_ROWS else (by_training, by_all)
    tested = rows["user"].to_numpy()[parts.test]
    check_groups(str(split), f"{about.file}, groups.{split.kind}", rule, groups, tested)
    return groups, inspect_groups(rows, parts, groups, other)


def training_lists(lists: Lists, held_out: pd.DataFrame, cuts: tuple[int, ...] = ()) -> Lists:
    """The lists that may be learnt from: those before the first cut, without the pairs `user, item` of `held_out`."""
    if cuts:
        lists = before(lists, cuts[0])
    return without(lists, held_out["user"].to_numpy(), held_out["item"].to_numpy())


def _categories(items: pd.DataFrame) -> np.ndarray:
    """Categories as integers in alphabetical order, -1 where unknown."""
    if "category" not in items:
        return np.full(len(items), -1)
    return pd.factorize(items["category"], sort=True)[0]


def _decided(split: SplitName, about: Card, data: Path, prepared: Mapping, order: str) -> Decided:
    file = data / "exposures.parquet"
    if "exposures" not in prepared["counts"]:
        raise BadInput(f"split '{split}': {data} has no exposures; its parser is to give them (Parsed.exposures)")
    return hold_out(str(split), pd.read_parquet(unchanged(file, prepared)), about.orders[order], about.decisions)


def _by(table: pd.DataFrame, column: str) -> dict[str, int]:
    """How many rows there are of each value of a column, by its name."""
    return {str(value): int(count) for value, count in table[column].value_counts().sort_index().items()}


def _write_table(file: Path, name: str, table: pd.DataFrame, digest: str) -> str:
    """Write a table as parquet; give a digest of it and of what `digest` stands for."""
    with whole_file(file) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")
    return hashlib.sha256(f"{digest} {content_digest({name: table})}".encode()).hexdigest()


def _write_csv(file: Path, table: pd.DataFrame) -> None:
    with whole_file(file) as temporary, open(temporary, "wb") as stream:
        stream.write((",".join(table.columns) + "\n").encode())
        content = pyarrow.Table.from_pandas(table, preserve_index=False)
        pyarrow.csv.write_csv(content, stream, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none"))
