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
    return _said(file, file.stat().st_mtime_ns)[0] and not other_files(results, dataset) if file.is_file() else None


def other_files(results: Path, dataset: str) -> bool:
    """Whether the data that were prepared here are of files that the card does not name any more."""
    file = Path(results) / "data" / dataset / "data.json"
    files = _said(file, file.stat().st_mtime_ns)[1] if file.is_file() else {}
    return bool(files and contradicted(card(dataset), files))


@cache
def _said(file: Path, _: int) -> tuple[bool, dict]:
    about = read_json(file)
    if "verified" not in about:
        raise BadInput(f"{file}: key 'verified' is missing; prepare the data set again")
    return about["verified"], about.get("files", {})
