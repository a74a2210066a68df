"""Raw files that a person has put somewhere: looked for, used where they lie, never written or removed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from datasets.pipeline.card import Card, Download, RawFile
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import sha256


@dataclass(frozen=True)
class Given:
    """What a folder holds of a download: `files` that the parser reads, by the card's name, and the archive."""

    files: dict[str, Path] = field(default_factory=dict)
    archive: Path | None = None


def given(card: Card, entry: Download, folders: Iterable[Path]) -> Given:
    """What the first of the folders has that holds anything of the download."""
    for folder in folders:
        files = {file.file: path for file in entry.holds if (path := _place(card, file, folder)) is not None}
        archive = _place(card, entry.archive, folder)
        if files or archive:
            return Given(files, archive)
    return Given()


def _place(card: Card, file: RawFile, folder: Path) -> Path | None:
    """Where a file lies: in <folder>/<data set>/, in a folder of a name that the card knows, or in <folder> itself.
    BadInput where two that differ could be meant."""
    folders = [folder / name for name in (card.name, card.folder.name, *card.raw_folders)] + [folder]
    places = (each / name for each in folders for name in (file.file, *file.other_names))
    found = list(dict.fromkeys(place.resolve() for place in places if place.is_file()))
    if len(found) > 1 and len({sha256(path) for path in found}) > 1:
        raise BadInput(
            f"{' and '.join(map(str, found))} could each be {file.file}, and differ; take all but one away, or name "
            "the folder of one of them (setting raw, option --raw)"
        )
    return found[0] if found else None
