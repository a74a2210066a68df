"""Diginetica, CIKM Cup 2016: views of items, apart by semicolons, with a header line; most sessions have no user."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table


def parse(files: Mapping[str, Path]) -> Parsed:
    """Views with the user where known; the time is the day plus the milliseconds since the session began."""
    path = files["train-item-views.csv"]
    views = read_table(
        path,
        {"sessionId": "int", "userId": "int", "itemId": "int", "timeframe": "int", "eventdate": "text"},
        delimiter=";",
        header=True,
        missing=("NA", ""),
    )
    day = pd.to_datetime(views["eventdate"], format="%Y-%m-%d", errors="coerce")
    if day.isna().any() or views["timeframe"].isna().any():
        row = int((day.isna() | views["timeframe"].isna()).to_numpy().argmax())
        raise BadInput(f"{path}, line {row + 2}: eventdate or timeframe is missing or malformed")
    seconds = (day - pd.Timestamp(0)) // pd.Timedelta(seconds=1) + views["timeframe"] // 1000
    interactions = pd.DataFrame(
        {
            "user": views["userId"],
            "item": views["itemId"],
            "time": seconds.astype("int64"),
            "session": views["sessionId"],
        }
    )
    return Parsed(interactions)
