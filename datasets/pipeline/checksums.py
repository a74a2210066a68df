"""Does a file hold what its card says?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.pipeline.card import Card, RawFile


@dataclass(frozen=True)
class Verdict:
    """size and sums as measured; `known` whether the card knows any checksum; `fits` whether all that it knows fit."""

    size: int
    sums: dict[str, str]
    known: bool
    fits: bool

    @property
    def verified(self) -> bool:
        return self.known and self.fits


def inspect(path: Path, expected: RawFile) -> Verdict:
    """Measure `path` in one pass and compare with the card."""
    size = path.stat().st_size
    digests = {"sha256": hashlib.sha256()}
    if expected.md5:
        digests["md5"] = hashlib.md5(usedforsecurity=False)
    if expected.git_blob:  # git hashes a header with the size before the content
        digests["git_blob"] = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            for digest in digests.values():
                digest.update(block)
    return judge(size, {kind: digest.hexdigest() for kind, digest in digests.items()}, expected)


def judge(size: int, sums: Mapping[str, str], expected: RawFile) -> Verdict:
    """Compare a size and checksums that were measured with the card."""
    fits = expected.size in (None, size) and all(sums.get(kind) in known for kind, known in expected.sums.items())
    return Verdict(size, dict(sums), bool(expected.sums), fits)


def difference(verdict: Verdict, expected: RawFile) -> str:
    """Both sides, for an error: what was found and what the card wants."""
    lines = [f"  size      {verdict.size} bytes" + (f", expected {expected.size}" if expected.size else "")]
    for kind, found in verdict.sums.items():
        known = " or ".join(expected.sums.get(kind, ())) or "not known"
        lines.append(f"  {kind:9} {found}, expected {known}")
    return "\n".join(lines)


def contradicted(card: Card, files: Mapping[str, Mapping]) -> list[str]:
    """The files of a record (in data.json, by name) that are not those whose size and checksums the card names today;
    what the record does not say, as that of older code, contradicts nothing."""
    wanted = {file.file: (file, entry.archive) for entry in card.downloads for file in entry.holds}
    found = []
    for name, (file, archive) in wanted.items():
        about = files.get(name, {})
        of_archive = about.get("archive", {})
        if _contradicts(about, file) or _contradicts({**of_archive, **of_archive.get("sums", {})}, archive):
            found.append(name)
    return found


def _contradicts(recorded: Mapping, expected: RawFile) -> bool:
    known = {"size": (expected.size,) if expected.size else (), **expected.sums}
    return any(recorded[key] not in values for key, values in known.items() if values and key in recorded)
