"""Foursquare check-ins, TSMC 2014: the original form apart by tabs without a header, or the CSV form with one."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table

COLUMNS = {
    "userId": "int",
    "venueId": "text",
    "venueCategoryId": "text",
    "venueCategory": "text",
    "latitude": "float",
    "longitude": "float",
    "timezoneOffset": "int",
    "utcTimestamp": "text",
}


def parse(files: Mapping[str, Path]) -> Parsed:
    """Check-ins with time; venues with their category, the first where a venue changes it."""
    (path,) = files.values()
    with open(path, "rb") as file:
        comma = file.readline().startswith(b"userId,")
    visits = read_table(path, COLUMNS, "," if comma else "\t", header=comma, encoding="iso-8859-1", quoted=comma)
    venues = visits.drop_duplicates("venueId")[["venueId", "venueCategory"]].set_axis(["item", "category"], axis=1)
    visits["time"] = _seconds(path, visits["utcTimestamp"], first_line=1 + comma)
    interactions = visits[["userId", "venueId", "time"]].set_axis(["user", "item", "time"], axis=1)
    return Parsed(interactions, venues)


def _seconds(path: Path, written: pd.Series, first_line: int) -> pd.Series:
    """Seconds since 1970 of times such as 'Tue Apr 03 18:17:18 +0000 2012'."""
    times = pd.to_datetime(written, format="%a %b %d %H:%M:%S %z %Y", utc=True, errors="coerce")
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        raise BadInput(f"{path}, line {row + first_line}: {written.iloc[row]!r} is not a time of the expected form")
    return (times - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
