"""Book-Crossing: quoted fields apart by semicolons, with a header line. No time."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table


def parse(files: Mapping[str, Path]) -> Parsed:
    """Every row of BX-Book-Ratings.csv; a rating of 0 is an interaction without an opinion."""
    ratings = read_table(
        files["BX-Book-Ratings.csv"],
        {"User-ID": "int", "ISBN": "name", "Book-Rating": "int"},
        delimiter=";",
        header=True,
        encoding="cp1252",
        quoted=True,
    )
    return Parsed(ratings.set_axis(["user", "item", "rating"], axis=1))
