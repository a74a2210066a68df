"""Whether the data behind a number are of the files that their card names."""

from functools import cache
from pathlib import Path

from datasets.pipeline.card import card
from datasets.pipeline.checksums import contradicted
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json


def verified(results: Path, dataset: str) -> bool | None:
    """As data.json says, unless the card has got other checksums since. None where the data were not prepared here."""
    file = Path(results) / "data" / dataset / "data.json"
    return _verified(file, dataset, file.stat().st_mtime_ns) if file.is_file() else None


@cache
def _verified(file: Path, dataset: str, _: int) -> bool:
    about = read_json(file)
    if "verified" not in about:
        raise BadInput(f"{file}: key 'verified' is missing; prepare the data set again")
    return about["verified"] and not (about.get("files") and contradicted(card(dataset), about["files"]))
