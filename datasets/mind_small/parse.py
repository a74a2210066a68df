"""MIND-small: impressions of news with clicks. Tabs, no header line, no quoting."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute

from datasets.pipeline.errors import BadInput
from datasets.pipeline.lists import Lists
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.tables import read_table
from datasets.pipeline.times import seconds

BEHAVIORS = dict.fromkeys(("impression", "user", "time", "history", "impressions"), "text") | {"user": "name"}
NEWS = {"item": "name"} | dict.fromkeys(
    ("category", "subcategory", "title", "abstract", "url", "title_entities", "abstract_entities"), "text"
)
SHOWN = r"^\S+-[01]$"  # N55689-1: shown and clicked


def parse(files: Mapping[str, Path]) -> Parsed:
    """Clicks with the time of their impression; news with title, category and subcategory. The click histories before
    the data begins are left out: they have neither time nor list."""
    lists = read_lists(files["behaviors.tsv"])
    clicks = lists.choices()[["user", "item", "time"]]
    news = read_table(files["news.tsv"], NEWS, delimiter="\t")
    return Parsed(clicks, news[["item", "title", "category", "subcategory"]], lists)


def read_lists(file: Path) -> Lists:
    """Every impression, in the order of the file, with the original identifiers (texts)."""
    rows = read_table(file, BEHAVIORS, delimiter="\t")
    written = pyarrow.array(rows["impressions"].to_numpy(object), pyarrow.string())  # one array, not one for each block
    pieces = pyarrow.compute.split_pattern(written, " ")
    shown = pieces.flatten()
    lengths = pyarrow.compute.list_value_length(pieces).to_numpy()
    offsets = np.concatenate([[0], lengths.cumsum()]).astype(np.int64)
    fits = pyarrow.compute.match_substring_regex(shown, SHOWN).to_numpy(zero_copy_only=False)
    if not fits.all():
        fault = int(fits.argmin())
        row = int(np.searchsorted(offsets, fault, side="right")) - 1
        raise BadInput(
            f"{file}, line {rows.index[row]}: {shown[fault].as_py()!r} is no impression; expected an item and -1 "
            "(clicked) or -0, such as N55689-1"
        )
    chosen = pyarrow.compute.ends_with(shown, "-1").to_numpy(zero_copy_only=False)
    items = pyarrow.compute.utf8_slice_codeunits(shown, 0, -2).dictionary_encode()
    names = items.dictionary.to_numpy(zero_copy_only=False)
    time = seconds(rows["time"], "%m/%d/%Y %I:%M:%S %p").to_numpy(np.int64)  # the data names no time zone
    return Lists(rows["user"].to_numpy(object), offsets, names[items.indices.to_numpy()], chosen, time)
