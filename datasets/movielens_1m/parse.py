"""MovieLens-1M: fields apart by two colons, no header line."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table


def parse(files: Mapping[str, Path]) -> Parsed:
    """Ratings with time; movies with title, genres, and the first of the genres as category."""
    ratings = read_table(
        files["ratings.dat"], {"user": "int", "item": "int", "rating": "int", "time": "int"}, delimiter="::"
    )
    movies = read_table(
        files["movies.dat"],
        {"item": "int", "title": "text", "genres": "text"},
        delimiter="::",
        encoding="iso-8859-1",
    )
    return Parsed(ratings, movies.assign(category=movies["genres"].str.split("|").str[0]))
