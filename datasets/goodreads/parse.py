"""Goodreads: one JSON object a line, in a file for each genre."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_json_lines
from datasets.pipeline.times import seconds

ALL = "all"
GENRES = (
    "poetry", "children", "comics_graphic", "fantasy_paranormal", "history_biography", "mystery_thriller_crime",
    "romance", "young_adult",
)  # fmt: skip
DATE = "%a %b %d %H:%M:%S %z %Y"


def parse(files: Mapping[str, Path], variant: Mapping[str, str]) -> Parsed:
    """Shelved books with the time at which they were added, genre after genre."""
    genres = GENRES if variant["genre"] == ALL else (variant["genre"],)
    names = [f"goodreads_interactions_{genre}.json" for genre in genres]
    if missing := [name for name in names if name not in files]:
        raise BadInput(
            f"goodreads: {', '.join(missing)} is not among the raw files; put it or its .gz into <raw>/goodreads/ and "
            "run: python -m datasets.pipeline fetch --dataset goodreads --raw <raw>; or take one genre, such as "
            "goodreads-poetry"
        )
    tables = [_shelved(files[name]) for name in names]
    return Parsed(tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True))


def _shelved(path: Path) -> pd.DataFrame:
    rows = read_json_lines(path, {"user_id": "name", "book_id": "name", "date_added": "text"})
    rows["date_added"] = seconds(rows["date_added"], DATE)
    return rows.set_axis(["user", "item", "time"], axis=1)
