"""MovieLens-100K: ratings apart by tabs, movies by bars with a column of 0 and 1 for each genre; no header lines."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table


def parse(files: Mapping[str, Path], variant: Mapping[str, int]) -> Parsed:
    """Ratings with time, in every variant all of them (the recipe takes some); movies with title, genres, and the first
    of the genres as category."""
    ratings = read_table(
        files["u.data"], {"user": "int", "item": "int", "rating": "int", "time": "int"}, delimiter="\t"
    )
    return Parsed(ratings, _movies(files["u.item"], files["u.genre"]))


def _movies(movies: Path, genres: Path) -> pd.DataFrame:
    names = read_table(genres, {"genre": "text", "number": "int"}, delimiter="|")["genre"].tolist()
    texts = {"item": "int", "title": "text", "released": "text", "released_on_video": "text", "address": "text"}
    table = read_table(movies, texts | dict.fromkeys(names, "int"), delimiter="|", encoding="iso-8859-1")
    marks = table[names].to_numpy(bool)
    table["genres"] = ["|".join(name for name, mark in zip(names, row, strict=True) if mark) for row in marks]
    table["category"] = table["genres"].str.split("|").str[0]
    return table[["item", "title", "genres", "category"]]
