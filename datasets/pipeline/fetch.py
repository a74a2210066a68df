"""Bring the raw files of a data set to this machine: from a folder that a person names, or from the network."""

from pathlib import Path

from datasets.pipeline.card import Card, Download, RawFile
from datasets.pipeline.checksums import Verdict, difference, inspect
from datasets.pipeline.download import DownloadFailed, download
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from datasets.pipeline.unpack import unpack

RECORD = "fetched.json"


def fetch(card: Card, store: Path | None = None, raw: Path | None = None, accept_unverified: bool = False) -> dict:
    """Find or download every raw file of `card`; write and return `store`/fetched.json.

    store: where downloads go, by default raw/ in the data set's folder. raw: a person's folder that is searched
    first, as <raw>/<folder of the data set>/<file> or <raw>/<file>; files found there are used in place.
    accept_unverified: take files whose checksum is wrong or unknown; the record, and all results that rest on it,
    then say `verified: false`. BadInput otherwise, with both checksums and what can be done.
    """
    store = Path(store or card.folder / "raw")
    files: dict[str, dict] = {}
    for entry in card.downloads:
        files |= _obtain(card, entry, store, raw and Path(raw), accept_unverified)
    record = {
        "dataset": card.name,
        "files": files,
        "verified": all(file["verified"] for file in files.values()),
    }
    write_json(store / RECORD, record)
    return record


def load_fetched(card: Card, store: Path | None = None) -> dict:
    """The record that `fetch` wrote, after a look that its files are still what they were."""
    record_file = Path(store or card.folder / "raw") / RECORD
    if not card.downloads:
        return {"dataset": card.name, "files": {}, "verified": True}
    if not record_file.exists():
        raise BadInput(f"{record_file}: no raw files yet; run: python -m datasets.pipeline fetch --dataset {card.name}")
    record = read_json(record_file)
    for name, file in record["files"].items():
        path = Path(file["path"])
        if not path.exists() or inspect(path, RawFile(name, sha256=(file["sha256"],))).fits is False:
            raise BadInput(f"{path}: gone or changed since it was fetched; fetch {card.name} again")
    return record


def _obtain(card: Card, entry: Download, store: Path, raw: Path | None, accept: bool) -> dict[str, dict]:
    """The files of one download: given by a person, or unpacked from an archive that was given or downloaded."""
    given = {file.file: _given(card, file, raw) for file in entry.holds}
    if all(given[file.file] or file.optional for file in entry.holds):
        chosen = [file for file in entry.holds if given[file.file]]
        return {file.file: _given_record(card, file, given[file.file], accept) for file in chosen}
    archive = _given(card, entry.archive, raw)
    if archive is not None:
        verdict = inspect(archive, entry.archive)
        if not verdict.fits and not accept:
            raise BadInput(_refusal(card, archive, verdict, entry.archive))
    else:
        archive, verdict = _downloaded(card, entry, store, accept)
    unpacked = unpack(archive, entry.holds, store)
    records = {}
    for file in entry.holds:
        if file.file in unpacked:
            inner = inspect(unpacked[file.file], file)
            verified = inner.verified or (inner.fits and verdict.verified)
            if not verified and not accept:
                raise BadInput(_refusal(card, unpacked[file.file], inner, file))
            records[file.file] = _record(unpacked[file.file], inner, verified, f"unpacked from {archive}")
    return records


def _given(card: Card, file: RawFile, raw: Path | None) -> Path | None:
    """The file in the person's folder, if it is there."""
    if raw is None:
        return None
    if not raw.is_dir():
        raise BadInput(f"{raw}: the raw folder that was named is not a folder")
    folders = [raw / name for name in (card.name, card.folder.name, *card.raw_folders)] + [raw]
    places = (folder / name for folder in folders for name in (file.file, *file.other_names))
    return next((place.resolve() for place in places if place.is_file()), None)


def _given_record(card: Card, file: RawFile, path: Path, accept: bool) -> dict:
    verdict = inspect(path, file)
    if not verdict.verified and not accept:
        raise BadInput(_refusal(card, path, verdict, file))
    return _record(path, verdict, verdict.verified, "given by hand, used in place")


def _downloaded(card: Card, entry: Download, store: Path, accept: bool) -> tuple[Path, Verdict]:
    path = store / entry.archive.file
    if path.exists():
        verdict = inspect(path, entry.archive)
        if verdict.fits or accept:
            return path, verdict
        path.unlink()
    if card.login:
        raise BadInput(f"{card.name}: {entry.archive.file} cannot be fetched by a program. {card.login}")
    store.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    reasons = []
    for url in entry.urls:
        try:
            verdict = _fitting(url, part, entry.archive)
        except DownloadFailed as failure:
            reasons.append(str(failure))
            continue
        if verdict.fits or accept:
            part.replace(path)
            return path, verdict
        reasons.append(f"{url}: wrong checksum\n{difference(verdict, entry.archive)}")
        part.unlink()
    raise BadInput(
        f"{card.name}: no source gave {entry.archive.file}:\n" + "\n".join(reasons) + f"\nGet it by hand and name its "
        f"folder (setting raw, option --raw), or put it into {store}. To use a file whose checksum differs, set "
        "accept_unverified (--accept-unverified): all results are then marked as from an unverified source."
    )


def _fitting(url: str, part: Path, expected: RawFile) -> Verdict:
    """Download; where a resumed file does not fit, once more from the beginning: its first part may be the fault."""
    resumed = part.exists()
    if not (resumed and inspect(part, expected).verified):  # whole, if only the last step was missing
        download(url, part)
    verdict = inspect(part, expected)
    if resumed and not verdict.fits:
        part.unlink()
        download(url, part)
        verdict = inspect(part, expected)
    return verdict


def _record(path: Path, verdict: Verdict, verified: bool, source: str) -> dict:
    return {"path": str(path), "size": verdict.size, **verdict.sums, "verified": verified, "source": source}


def _refusal(card: Card, path: Path, verdict: Verdict, expected: RawFile) -> str:
    reason = "its checksum is not the one in the card" if verdict.known else "the card knows no checksum for it"
    return (
        f"{path}: refused, {reason} ({card.folder.name}/card.yaml):\n{difference(verdict, expected)}\n"
        f"Replace it by the original archive {', '.join(entry.archive.file for entry in card.downloads)}, or set "
        "accept_unverified (--accept-unverified): all results are then marked as from an unverified source."
    )
