"""Foursquare check-ins, TSMC 2014: the original form apart by tabs without a header, or the CSV form with one."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import first_line, read_table
from datasets.pipeline.times import seconds

COLUMNS = {
    "userId": "int",
    "venueId": "name",
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
    comma = "\t" not in first_line(path)
    visits = read_table(path, COLUMNS, "," if comma else "\t", header=comma, encoding="iso-8859-1", quoted=comma)
    venues = visits.drop_duplicates("venueId")[["venueId", "venueCategory"]].set_axis(["item", "category"], axis=1)
    visits["time"] = seconds(visits["utcTimestamp"], "%a %b %d %H:%M:%S %z %Y")
    interactions = visits[["userId", "venueId", "time"]].set_axis(["user", "item", "time"], axis=1)
    return Parsed(interactions, venues)
