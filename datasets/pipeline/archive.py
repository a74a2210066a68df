"""The archive of a download: from the first of its addresses that gives the right one."""

from collections.abc import Sequence
from pathlib import Path

from datasets.pipeline.card import Card, Download, RawFile
from datasets.pipeline.checksums import Verdict, difference, inspect
from datasets.pipeline.download import DownloadFailed, download
from datasets.pipeline.errors import BadInput

ACCEPT = "accept_unverified (--accept-unverified): all results are then marked as from an unverified source."


def downloaded(card: Card, entry: Download, folder: Path, searched: Sequence[Path], accept: bool) -> Path:
    """The archive in `folder`, fetched unless it is there. One that is there and does not fit is replaced by one that
    does. accept: any version will do. searched: where a person could have put it, for the error: BadInput says why no
    address served."""
    path = folder / entry.archive.file
    if path.exists() and (accept or inspect(path, entry.archive).fits):
        return path
    places = " or ".join(str(place) for place in searched)
    if card.login:
        raise BadInput(f"{card.name}: {path.name} is not in {places}, and no program can fetch it. {card.login}")
    part = path.with_name(path.name + ".part")
    reasons = []
    for url in entry.urls:
        try:
            verdict = _fitting(url, part, entry.archive, accept)
        except DownloadFailed as failure:
            reasons.append(str(failure))
            continue
        if verdict.fits or accept:
            part.replace(path)
            return path
        what = "a web page and not the file" if _is_page(part) else "wrong checksum"
        reasons.append(f"{url}: {what}\n{difference(verdict, entry.archive)}")
        part.unlink()
    tried = "\n".join(reasons)
    raise BadInput(
        f"{card.name}: {path.name} is not in {places}, and no source gave it:\n{tried}\n"
        f"Get it by hand and name its folder (setting raw, option --raw), or put it into {searched[-1]}. To use a file "
        f"whose checksum differs, set {ACCEPT}"
    )


def _fitting(url: str, part: Path, expected: RawFile, accept: bool) -> Verdict:
    """Download; where a resumed file does not fit, once more from the beginning: its first part may be the fault."""
    size = None if accept else expected.size
    resumed = part.exists()
    if not (resumed and inspect(part, expected).verified):  # whole, if only the last step was missing
        download(url, part, size)
    verdict = inspect(part, expected)
    if resumed and not verdict.fits:
        part.unlink()
        download(url, part, size)
        verdict = inspect(part, expected)
    return verdict


def _is_page(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))
