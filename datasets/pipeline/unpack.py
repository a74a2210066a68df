"""Take single files out of archives that come from elsewhere, trusting nothing that the archive says of itself."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from datasets.pipeline.card import RawFile
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file

MOST_BYTES = 8 << 30  # of one unpacked file
MOST_RATIO = 200  # unpacked to packed size of the archive; text packs to a tenth, a bomb to a thousandth
SMALL = 1 << 20  # below this size no ratio is suspicious


def unpack(archive: Path, wanted: Sequence[RawFile], folder: Path) -> dict[str, Path]:
    """Write the `wanted` files of a zip, tar or gz archive into `folder`, each under the card's name for it.

    Members are found by the last part of their name, so nothing that an archive calls itself becomes a path. Refused
    with BadInput: names that are absolute or climb out, links, encrypted or truncated archives, files beyond
    MOST_BYTES or MOST_RATIO, and an archive without a file that is wanted and not optional.
    """
    found = {}
    try:
        with _members(archive) as members:
            for name, stream in members:
                file = _match(name, wanted)
                if file is not None and file.file not in found:
                    found[file.file] = folder / file.file
                    _copy(archive, name, stream(), found[file.file])
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise BadInput(f"{archive}: broken archive ({error}); delete it and fetch it again") from error
    missing = [file.file for file in wanted if not file.optional and file.file not in found]
    if missing:
        raise BadInput(f"{archive}: {', '.join(missing)} is not in it; is it the archive that the card names?")
    return found


@contextmanager
def _members(archive: Path) -> Iterator[Iterator]:
    """Yield (name, function that opens the content) for every regular file of the archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield _zip_members(archive, file)
    elif archive.suffix == ".gz" and not archive.name.endswith(".tar.gz"):
        with gzip.open(archive) as file:
            yield iter([(archive.stem, lambda: file)])
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as file:
            yield _tar_members(archive, file)
    else:
        raise BadInput(f"{archive}: not a whole zip, gz or tar file; delete it and fetch it again")


def _zip_members(archive: Path, file: zipfile.ZipFile) -> Iterator:
    for member in file.infolist():
        _check_name(archive, member.filename)
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise BadInput(f"{archive}: {member.filename} is a link; data archives have no need of links")
        if member.flag_bits & 1:
            raise BadInput(f"{archive}: {member.filename} is encrypted; unpack it by hand")
        if not member.is_dir():
            yield member.filename, lambda member=member: file.open(member)


def _tar_members(archive: Path, file: tarfile.TarFile) -> Iterator:
    for member in file:
        _check_name(archive, member.name)
        if not member.isfile() and not member.isdir():
            raise BadInput(f"{archive}: {member.name} is a link or a device; data archives have no need of those")
        if member.isfile():
            yield member.name, lambda member=member: file.extractfile(member)


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise BadInput(f"{archive}: the name '{name}' points outside the archive; do not trust this file")


def _match(name: str, wanted: Sequence[RawFile]) -> RawFile | None:
    last = PurePosixPath(name).name
    return next((file for file in wanted if last in (file.file, *file.other_names)), None)


def _copy(archive: Path, name: str, source: BinaryIO, path: Path) -> None:
    limit = min(MOST_BYTES, max(SMALL, MOST_RATIO * archive.stat().st_size))
    written = 0
    with whole_file(path) as temporary, source, open(temporary, "wb") as target:
        while block := source.read(1 << 20):
            written += len(block)
            if written > limit:
                raise BadInput(f"{archive}: {name} unpacks to more than {limit} bytes; refused as a possible bomb")
            target.write(block)
