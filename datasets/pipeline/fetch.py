"""Bring the raw files of a data set to this machine: from a folder that a person names, or from the network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.pipeline.archive import ACCEPT, downloaded
from datasets.pipeline.card import Card, Download, RawFile
from datasets.pipeline.checksums import Verdict, difference, inspect, judge
from datasets.pipeline.errors import BadInput, reading
from datasets.pipeline.files import alone, read_json, sha256, write_json
from datasets.pipeline.given import Given, given
from datasets.pipeline.unpack import unpack

RECORD = "fetched.json"
OWN = "fetched"  # the folder below the store in which downloads and unpacked files lie; all else there is a person's


@dataclass(frozen=True)
class Origin:
    """The archive that holds a file, under what name, and how the archive compares with the card."""

    archive: Path
    member: str
    verdict: Verdict


def fetch(card: Card, store: Path | None = None, raw: Path | None = None, accept_unverified: bool = False) -> dict:
    """Find or download every raw file of `card`; write and return `store`/fetched.json.

    raw: a person's folder that is searched first, as <raw>/<folder of the data set>/<file> or <raw>/<file>. store: the
    same after it, by default raw/ in the data set's folder; downloads go to `store`/fetched/, and nothing else below
    the store is written or removed. What a person has is used in place. accept_unverified: take files whose checksum is
    wrong or unknown; the record, and all results that rest on it, then say `verified: false`. BadInput otherwise, with
    both checksums and what can be done.

    A verified record whose files are unchanged stands, whatever the options say.
    """
    store, raw = _store(card, store), raw and Path(raw).expanduser()
    if store.exists() and not store.is_dir():
        raise BadInput(f"{store}: a file; the store of raw files (option --store) must be a folder")
    with alone(store / OWN):
        standing = _standing(card, store, raw)
        if standing and (standing["verified"] or (accept_unverified and raw is None)):
            return standing
        if raw is not None and not raw.is_dir():
            raise BadInput(f"{raw}: no folder; name the folder of raw files (setting raw, option --raw)")
        files: dict[str, dict] = {}
        for entry in card.downloads:
            files |= _obtain(card, entry, store, raw, accept_unverified)
        if card.downloads and not files:
            raise BadInput(f"{card.name}: none of its raw files is in {raw or store}. {card.login}")
        record = {"dataset": card.name, "files": files, "verified": all(file["verified"] for file in files.values())}
        if record != standing:
            movable = {name: _movable(store, file) for name, file in files.items()}
            write_json(store / RECORD, {**record, "files": movable})
    return record


def load_fetched(card: Card, store: Path | None = None) -> dict:
    """The record that `fetch` wrote, after a look that its files are still what they were and what the card wants."""
    if not card.downloads:
        return {"dataset": card.name, "files": {}, "verified": True}
    store = _store(card, store)
    again = f"run: python -m datasets.pipeline fetch --dataset {card.name} (with --raw FOLDER where you have the files)"
    if not (store / RECORD).exists():
        raise BadInput(f"{store / RECORD}: no raw files yet; {again}")
    with reading(store / RECORD):
        recorded = dict(read_json(store / RECORD)["files"])
        files = {}
        for entry in card.downloads:
            for file in entry.holds:
                if file.file in recorded:
                    files[file.file] = _checked(store, entry, file, recorded[file.file], again)
                elif not file.optional:
                    raise BadInput(f"{store / RECORD}: does not name {file.file}, which the card wants; {again}")
    return {"dataset": card.name, "files": files, "verified": all(file["verified"] for file in files.values())}


def _store(card: Card, store: Path | None) -> Path:
    return Path(store or card.folder / "raw").resolve()


def _movable(store: Path, file: Mapping) -> dict:
    """A file's record with its path relative to the store where it lies in there, so that a project may be moved."""
    path = Path(file["path"])
    return {**file, "path": str(path.relative_to(store) if path.is_relative_to(store) else path)}


def _checked(store: Path, entry: Download, file: RawFile, recorded: Mapping, again: str) -> dict:
    path = store / recorded["path"]
    verdict = inspect(path, file) if path.is_file() else None
    if verdict is None or verdict.sums["sha256"] != recorded["sha256"]:
        raise BadInput(f"{path}: gone or changed since it was fetched; {again}")
    archive = recorded.get("archive")
    vouched = judge(archive["size"], archive["sums"], entry.archive).verified if archive else recorded["verified"]
    verified = verdict.verified or (verdict.fits and vouched)
    if recorded["verified"] and not verified:
        raise BadInput(f"{path}: fitted the checksum that the card named when it was fetched, but not today's; {again}")
    return {**recorded, "path": str(path), "verified": verified}


def _standing(card: Card, store: Path, raw: Path | None) -> dict | None:
    """The record of an earlier fetch, if it is still true, and no download was put there meanwhile of which it has no
    file."""
    try:
        record = load_fetched(card, store)
    except BadInput:
        return None
    lacking = [entry for entry in card.downloads if not _of(entry, record["files"])]
    searched = [folder for folder in (raw, store) if folder is not None]
    return None if any(given(card, entry, searched) != Given() for entry in lacking) else record


def _obtain(card: Card, entry: Download, store: Path, raw: Path | None, accept: bool) -> dict[str, dict]:
    """The files of one download: those that a person has, the others from the archive, given or downloaded. A person's
    archive has to agree with the files beside it, for which of the two was meant cannot be known."""
    searched = [store] if raw is None else [raw, store]
    found = given(card, entry, searched)
    if _suffices(entry, found):
        return {file.file: _record(card, file, found.files[file.file], accept) for file in _of(entry, found.files)}
    archive = found.archive or downloaded(card, entry, store / OWN, searched, accept)
    verdict = inspect(archive, entry.archive)
    if not verdict.fits and not accept:
        raise BadInput(_refusal(card, archive, verdict, entry.archive))
    unpacked = unpack(archive, entry.holds, store / OWN)
    records = {}
    for file in _of(entry, unpacked | found.files):
        member, path = unpacked.get(file.file), found.files.get(file.file)
        if path is None or (member and sha256(path) == sha256(member.path)):
            origin = Origin(archive, member.member, verdict)
            records[file.file] = _record(card, file, path or member.path, accept, origin)
        elif member and found.archive:
            raise BadInput(
                f"{path}: differs from {member.member} in {archive}, and either could be meant; take one of the two "
                "away, or name a folder that holds only the right one (setting raw, option --raw)"
            )
        else:
            records[file.file] = _record(card, file, path, accept)
    return records


def _of(entry: Download, names: Iterable[str]) -> list[RawFile]:
    return [file for file in entry.holds if file.file in names]


def _suffices(entry: Download, found: Given) -> bool:
    """Whether what a person has is enough without any archive."""
    if found.archive and not found.files:
        return False
    if any(not file.optional and file.file not in found.files for file in entry.holds):
        return False
    return not found.archive or all(inspect(found.files[f.file], f).verified for f in _of(entry, found.files))


def _record(card: Card, file: RawFile, path: Path, accept: bool, origin: Origin | None = None) -> dict:
    """What is known of a file; BadInput where neither its own checksum nor that of its archive verifies it, unless that
    is accepted."""
    verdict = inspect(path, file)
    verified = verdict.verified or (verdict.fits and origin is not None and origin.verdict.verified)
    if not verified and not accept:
        raise BadInput(_refusal(card, path, verdict, file))
    record = {"path": str(path), "size": verdict.size, **verdict.sums, "verified": verified}
    if origin is None:
        return record
    about = {"path": str(origin.archive), "size": origin.verdict.size, "sums": origin.verdict.sums}
    return record | {"archive": about, "member": origin.member}


def _refusal(card: Card, path: Path, verdict: Verdict, expected: RawFile) -> str:
    reason = "its checksum is not the one in the card" if verdict.known else "the card knows no checksum for it"
    originals = ", ".join(entry.archive.file for entry in card.downloads)
    return (
        f"{path}: refused, {reason} ({card.folder.name}/card.yaml):\n{difference(verdict, expected)}\n"
        f"Put the original archive there instead ({originals}), or set {ACCEPT}"
    )
