"""From raw files to interactions with dense integer identifiers (formats: workflow/README.md)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline import exposures
from datasets.pipeline.card import Card
from datasets.pipeline.code import made_with
from datasets.pipeline.digest import content_digest
from datasets.pipeline.errors import BadInput, reading
from datasets.pipeline.fetch import load_fetched
from datasets.pipeline.files import contents, whole_file, write_json
from datasets.pipeline.identifiers import checked
from datasets.pipeline.lists import Lists, numbered
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.recipe import apply_recipe
from datasets.pipeline.tables import place


def prepare(card: Card, results: Path, store: Path | None = None) -> dict:
    """Write `results`/data/<name>/: interactions, users, items, lists and exposures as parquet, then data.json,
    which is returned.

    `store` is the folder into which `fetch` wrote, by default the data set's own raw/. Deterministic: the same raw
    files give the same bytes. BadInput names file and line where the raw data is malformed.
    """
    fetched = load_fetched(card, store)
    files = {name: Path(file["path"]) for name, file in fetched["files"].items()}
    with reading(*(files.values() or [card.name])):
        parsed = card.parse(files)
    tables, left = build_tables(card, parsed)
    folder = Path(results) / "data" / card.name
    for name, table in tables.items():
        with whole_file(folder / f"{name}.parquet") as file:
            table.to_parquet(file, index=False, compression="zstd")
    for name, arrays in parsed.arrays.items():
        with whole_file(folder / f"{name}.npz") as file, open(file, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **_renumbered(arrays, parsed.axes.get(name, {}), tables))
    files = [folder / f"{name}.parquet" for name in tables] + [folder / f"{name}.npz" for name in parsed.arrays]
    made = {"contents": contents(*files), "made_with": made_with("prepare", card.folder)}
    about = _about(card, parsed, tables, fetched) | made | {"rows_left": left}
    write_json(folder / "data.json", about)
    return about


def build_tables(card: Card, parsed: Parsed) -> tuple[dict[str, pd.DataFrame], list[int]]:
    """The recipe applied: tables `interactions`, `users`, `items` and, where the data has them, `lists` and
    `exposures`, with dense identifiers; and how many rows each step of the recipe left.

    An identifier is the place of the original one among the sorted original identifiers, those of lists and exposures
    included, to which no recipe applies. A user's rows are sorted by time, ties and data without time as in the file.
    """
    rows = parsed.interactions
    if rows.empty:
        raise BadInput(f"{card.name}: its raw files hold no interaction; fetch them again")
    if card.has_time:
        rows = rows.sort_values("time", kind="stable")
    try:
        rows, left = apply_recipe(rows, card.steps)
        rows = rows.assign(user=checked(rows, "user"), item=checked(rows, "item"))
        if parsed.exposures is not None:
            parsed = replace(parsed, exposures=exposures.check(parsed.exposures, card.has_time))
    except BadInput as fault:
        raise BadInput(f"{card.name}: {fault}") from None
    user, users = _numbered(rows, parsed, "user")
    item, items = _numbered(rows, parsed, "item")
    by_user = np.argsort(user, kind="stable")
    user, item = user[by_user].astype(np.int64), item[by_user].astype(np.int64)
    first = np.searchsorted(user, np.arange(len(users)))
    rest = rows.drop(columns=["user", "item", "time"], errors="ignore").iloc[by_user].reset_index(drop=True)
    time = rows["time"].to_numpy(np.int64)[by_user] if card.has_time else pd.array([None] * len(rows), dtype="Int64")
    interactions = pd.DataFrame({"user": user, "item": item, "order": np.arange(len(user)) - first[user], "time": time})
    tables = {
        "interactions": pd.concat([interactions, rest], axis=1),
        "users": pd.DataFrame({"original": users}),
        "items": _items(card, items, parsed.items),
    }
    if parsed.lists is not None:
        tables["lists"] = _lists(card, numbered(parsed.lists, users, items))
    if parsed.exposures is not None:
        tables["exposures"] = exposures.numbered(parsed.exposures, users, items, card.has_time)
    return tables, left


def _numbered(rows: pd.DataFrame, parsed: Parsed, column: str) -> tuple[np.ndarray, pd.Index]:
    """The place of each row's user or item among the sorted identifiers, and those."""
    codes, known = pd.factorize(_identifiers(rows, parsed, column), sort=True)
    return codes[: len(rows)], known


def _identifiers(rows: pd.DataFrame, parsed: Parsed, column: str) -> pd.Series:
    """The `user` or `item` of all rows, then of all lists and exposures."""
    more = []
    if parsed.lists is not None:
        more.append({"user": parsed.lists.users, "item": parsed.lists.items}[column])
    if parsed.exposures is not None:
        more.append(parsed.exposures[column])
    return pd.concat([rows[column], *(pd.Series(each, dtype=rows[column].dtype) for each in more)])


def _lists(card: Card, lists: Lists) -> pd.DataFrame:
    if (lists.lengths == 0).any():
        raise BadInput(
            f"{card.name}: list {lists.lengths.argmin()} holds no item; the parser is to leave such lists out"
        )
    return lists.table()


def _items(card: Card, originals: pd.Index, known: pd.DataFrame | None) -> pd.DataFrame:
    table = pd.DataFrame({"original": originals})
    if known is not None:
        again = known["item"].duplicated().to_numpy()
        if again.any():
            item = known["item"].iloc[int(again.argmax())]
            first = place(known, (known["item"] == item).to_numpy(bool))
            raise BadInput(
                f"{card.name}: {place(known, again)}: item '{item}' stands there once more, first in {first}; take one "
                "of the two out of the file"
            )
        table = table.merge(known.rename(columns={"item": "original"}), on="original", how="left", validate="1:1")
    return table


def _renumbered(arrays: Mapping, axes: Mapping, tables: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """The arrays with the numbers of the prepared data along their axes `user` and `item` (Parsed.axes)."""
    originals = {"user": tables["users"]["original"].to_numpy(), "item": tables["items"]["original"].to_numpy()}
    result = dict(arrays)
    for name, counted in axes.items():
        for number, axis in enumerate(counted):
            if axis in originals:
                result[name] = result[name].take(originals[axis], axis=number)
    return result


def _about(card: Card, parsed: Parsed, tables: dict[str, pd.DataFrame], fetched: dict) -> dict:
    users, items, interactions = len(tables["users"]), len(tables["items"]), len(tables["interactions"])
    raw, lists = parsed.interactions, parsed.lists
    more = {} if lists is None else {"lists": len(lists), "shown": len(lists.items)}
    if parsed.exposures is not None:
        more |= {"exposures": len(parsed.exposures)}
    return {
        "dataset": card.name,
        "counts": {
            "users": users,
            "items": items,
            "interactions": interactions,
            "density_percent": 100 * interactions / (users * items),
            **more,
        },
        "raw": {
            "users": _identifiers(raw, parsed, "user").nunique(),
            "items": _identifiers(raw, parsed, "item").nunique(),
            "interactions": len(raw),
        },
        "printed": {paper: dict(counts) for paper, counts in card.printed.items()},
        "files": {name: _movable(file) for name, file in fetched["files"].items()},
        "verified": fetched["verified"],
        "recipe": [dict(step) for step in card.steps],
        "has_time": card.has_time,
        "default_order": card.default_order,
        "digest": content_digest(tables),
    }


def _movable(file: Mapping) -> dict:
    """What is known of a raw file, without the places where it and its archive lie on this machine."""
    archive = {"archive": {key: file["archive"][key] for key in ("size", "sums")}} if "archive" in file else {}
    return {key: value for key, value in file.items() if key not in ("path", "archive")} | archive
