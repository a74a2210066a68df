"""Last.fm, HetRec 2011: tables apart by tabs, with a header line. No listening times, only the days of tags."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table
from datasets.pipeline.times import seconds


def parse(files: Mapping[str, Path]) -> Parsed:
    """Listening counts as `weight`; `tagged`, the day of the user's first tag for the artist, where there is one."""
    plays = read_table(
        files["user_artists.dat"], {"userID": "int", "artistID": "int", "weight": "int"}, delimiter="\t", header=True
    )
    if "user_taggedartists.dat" in files:
        plays = plays.join(_first_tags(files["user_taggedartists.dat"]), on=["userID", "artistID"])
    items = None
    if "artists.dat" in files:
        artists = read_table(
            files["artists.dat"],
            {"id": "int", "name": "text", "url": "text", "pictureURL": "text"},
            delimiter="\t",
            header=True,
        )
        items = artists[["id", "name"]].set_axis(["item", "title"], axis=1)
    return Parsed(plays.rename(columns={"userID": "user", "artistID": "item"}), items)


def _first_tags(path: Path) -> pd.Series:
    columns = {name: "int" for name in ("userID", "artistID", "tagID", "day", "month", "year")}
    tags = read_table(path, columns, delimiter="\t", header=True)
    return tags.assign(tagged=seconds(tags[["year", "month", "day"]])).groupby(["userID", "artistID"])["tagged"].min()
