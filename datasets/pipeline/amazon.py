"""The parsers that the Amazon data of 2014 share."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_json_lines, read_table


def parse_reviews(files: Mapping[str, Path]) -> Parsed:
    """One JSON object a line with reviewerID, asin and unixReviewTime, which is a whole day."""
    (path,) = files.values()
    reviews = read_json_lines(path, {"reviewerID": "name", "asin": "name", "unixReviewTime": "int"})
    return Parsed(reviews.set_axis(["user", "item", "time"], axis=1))


def parse_ratings(files: Mapping[str, Path]) -> Parsed:
    """A line for each rating: user, item, rating, time, which is a whole day. No header."""
    (path,) = files.values()
    columns = {"user": "name", "item": "name", "rating": "float", "time": "int"}
    return Parsed(read_table(path, columns, delimiter=","))
