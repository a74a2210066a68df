"""From raw files to interactions with dense integer identifiers (formats: workflow/README.md)."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.card import Card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import load_fetched
from datasets.pipeline.files import whole_file, write_json
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.recipe import apply_recipe


def prepare(card: Card, results: Path, store: Path | None = None) -> dict:
    """Write `results`/data/<name>/: interactions, users and items as parquet, then data.json, which is returned.

    `store` is the folder into which `fetch` wrote, by default the data set's own raw/. Deterministic: the same raw
    files give the same bytes. BadInput names file and line where the raw data is malformed.
    """
    fetched = load_fetched(card, store)
    parsed = card.parse({name: Path(file["path"]) for name, file in fetched["files"].items()})
    tables = build_tables(card, parsed)
    folder = Path(results) / "data" / card.name
    for name, table in tables.items():
        with whole_file(folder / f"{name}.parquet") as file:
            table.to_parquet(file, index=False, compression="zstd")
    for name, arrays in parsed.arrays.items():
        with whole_file(folder / f"{name}.npz") as file, open(file, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
    about = _about(card, parsed.interactions, tables, fetched)
    write_json(folder / "data.json", about)
    return about


def build_tables(card: Card, parsed: Parsed) -> dict[str, pd.DataFrame]:
    """The recipe applied: tables `interactions`, `users`, `items` with dense identifiers.

    An identifier is the place of the original one among the sorted original identifiers. A user's rows are sorted by
    time, ties and data without time as in the file.
    """
    rows = parsed.interactions
    if card.has_time:
        rows = rows.sort_values("time", kind="stable")
    rows = apply_recipe(rows, card.recipe)
    if rows.empty:
        raise BadInput(f"{card.name}: the recipe leaves no row of {len(parsed.interactions)}; check the recipe")
    user, users = pd.factorize(rows["user"], sort=True)
    item, items = pd.factorize(rows["item"], sort=True)
    by_user = np.argsort(user, kind="stable")
    user, item = user[by_user].astype(np.int64), item[by_user].astype(np.int64)
    first = np.searchsorted(user, np.arange(len(users)))
    rest = rows.drop(columns=["user", "item", "time"], errors="ignore").iloc[by_user].reset_index(drop=True)
    time = rows["time"].to_numpy(np.int64)[by_user] if card.has_time else pd.array([None] * len(rows), dtype="Int64")
    interactions = pd.DataFrame({"user": user, "item": item, "order": np.arange(len(user)) - first[user], "time": time})
    return {
        "interactions": pd.concat([interactions, rest], axis=1),
        "users": pd.DataFrame({"original": users}),
        "items": _items(items, parsed.items),
    }


def _items(originals: pd.Index, known: pd.DataFrame | None) -> pd.DataFrame:
    table = pd.DataFrame({"original": originals})
    if known is not None:
        table = table.merge(known.rename(columns={"item": "original"}), on="original", how="left", validate="1:1")
    return table


def _about(card: Card, raw: pd.DataFrame, tables: dict[str, pd.DataFrame], fetched: dict) -> dict:
    users, items, interactions = len(tables["users"]), len(tables["items"]), len(tables["interactions"])
    return {
        "dataset": card.name,
        "label": card.label,
        "counts": {
            "users": users,
            "items": items,
            "interactions": interactions,
            "density_percent": 100 * interactions / (users * items),
        },
        "raw": {"users": raw["user"].nunique(), "items": raw["item"].nunique(), "interactions": len(raw)},
        "printed": {paper: dict(counts) for paper, counts in card.printed.items()},
        "files": {
            name: {key: file[key] for key in ("sha256", "size", "verified")} for name, file in fetched["files"].items()
        },
        "verified": fetched["verified"],
        "recipe": [dict(step) for step in card.recipe],
        "has_time": card.has_time,
        "default_order": card.default_order,
        "digest": _digest(tables),
    }


def _digest(tables: dict[str, pd.DataFrame]) -> str:
    """A checksum of the content, the same whatever version of the library wrote the files."""
    digest = hashlib.sha256()
    for name, table in tables.items():
        for column in table:
            digest.update(f"{name}.{column}:{len(table)}\n".encode())
            if table[column].notna().any():
                digest.update(pd.util.hash_array(table[column].to_numpy(), categorize=True).tobytes())
    return digest.hexdigest()
