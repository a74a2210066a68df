"""Diginetica, CIKM Cup 2016: views of items, apart by semicolons, with a header line; most sessions have no user."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table
from datasets.pipeline.times import seconds


def parse(files: Mapping[str, Path]) -> Parsed:
    """Views with the user where known; the time is the day plus the milliseconds since the session began."""
    views = read_table(
        files["train-item-views.csv"],
        {"sessionId": "int", "userId": "int?", "itemId": "int", "timeframe": "int", "eventdate": "text"},
        delimiter=";",
        header=True,
        missing=("NA", ""),
    )
    interactions = pd.DataFrame(
        {
            "user": views["userId"],
            "item": views["itemId"],
            "time": seconds(views["eventdate"], "%Y-%m-%d") + views["timeframe"] // 1000,
            "session": views["sessionId"],
        }
    )
    return Parsed(interactions)
