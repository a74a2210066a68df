"""The parser that the Amazon review data of 2014 share."""

from collections.abc import Mapping
from pathlib import Path

from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_json_lines


def parse_reviews(files: Mapping[str, Path]) -> Parsed:
    """One JSON object a line with reviewerID, asin and unixReviewTime, which is a whole day."""
    (path,) = files.values()
    reviews = read_json_lines(path, {"reviewerID": "name", "asin": "name", "unixReviewTime": "int"})
    return Parsed(reviews.set_axis(["user", "item", "time"], axis=1))
