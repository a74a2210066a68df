"""Take single files out of archives that come from elsewhere, trusting nothing that the archive says of itself."""

import gzip
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from datasets.pipeline.card import RawFile
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file

MOST_BYTES = 8 << 30  # of one unpacked file
MOST_RATIO = 200  # unpacked to packed size of the archive; text packs to a tenth, a bomb to a thousandth
SMALL = 1 << 20  # below this size no ratio is suspicious
BLOCK = 1 << 20
BY_HAND = "unpack the right file by hand, put it into a folder and name that (setting raw, option --raw)"


@dataclass(frozen=True)
class Member:
    """A regular file of an archive: what the archive calls it, and how to open its content."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Unpacked:
    """Where a file was written, and the name that it has in the archive."""

    path: Path
    member: str


def unpack(archive: Path, wanted: Sequence[RawFile], folder: Path) -> dict[str, Unpacked]:
    """Write the `wanted` files of a zip, tar or gz archive into `folder`, each under the card's name for it. A download
    that is itself one of them is used where it lies.

    Members are found by the last part of their name, so nothing that an archive calls itself becomes a path. Refused
    with BadInput: names that are absolute or climb out, links, encrypted or truncated archives, files beyond
    MOST_BYTES or MOST_RATIO, two members that could be the same file, and an archive without a file that is wanted and
    not optional. What the disk does not take is no fault of the archive: that OSError goes on.
    """
    if archive.name in {file.file for file in wanted}:
        return {archive.name: Unpacked(archive, archive.name)}
    with _opened(archive) as members:
        found = {file.file: member for file in wanted if (member := _the_one(archive, members, file)) is not None}
        missing = [file.file for file in wanted if not file.optional and file.file not in found]
        if missing:
            raise BadInput(f"{archive}: {', '.join(missing)} is not in it; is it the archive that the card names?")
        for name, member in found.items():
            with whole_file(folder / name) as temporary, open(temporary, "wb") as target:
                for block in _content(archive, member):
                    target.write(block)
    return {name: Unpacked(folder / name, member.name) for name, member in found.items()}


@contextmanager
def _opened(archive: Path) -> Iterator[list[Member]]:
    """Every regular file of the archive, which stays open meanwhile."""
    with ExitStack() as stack:
        with _blamed(archive):
            packed = stack.enter_context(open(archive, "rb"))
            if zipfile.is_zipfile(packed):
                members = _zip_members(archive, stack.enter_context(zipfile.ZipFile(packed)))
            elif archive.suffix == ".gz" and not archive.name.endswith(".tar.gz"):
                members = [Member(archive.stem, lambda: gzip.open(archive))]
            else:
                members = _tar_members(archive, stack.enter_context(tarfile.open(archive)))
        yield members


@contextmanager
def _blamed(archive: Path) -> Iterator[None]:
    """Blame the archive for what goes wrong while it is read. Stands around nothing that writes."""
    try:
        yield
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's or the system's
            raise
        raise BadInput(f"{archive}: broken, or no zip, gz or tar file ({error}); replace it by a whole copy") from error


def _zip_members(archive: Path, file: zipfile.ZipFile) -> list[Member]:
    members = []
    for info in file.infolist():
        _check_name(archive, info.filename)
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise BadInput(f"{archive}: {info.filename} is a link; data archives have no need of links")
        if info.flag_bits & 1:
            raise BadInput(f"{archive}: {info.filename} is encrypted; {BY_HAND}")
        if not info.is_dir():
            members.append(Member(info.filename, partial(_open_zipped, archive, file, info)))
    return members


def _open_zipped(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    try:
        return file.open(info)
    except NotImplementedError as error:
        method = zipfile.compressor_names.get(info.compress_type, info.compress_type)
        raise BadInput(f"{archive}: {info.filename} is packed by {method}, unknown to Python; {BY_HAND}") from error


def _tar_members(archive: Path, file: tarfile.TarFile) -> list[Member]:
    members = []
    for info in file:
        _check_name(archive, info.name)
        if not info.isfile() and not info.isdir():
            raise BadInput(f"{archive}: {info.name} is a link or a device; data archives have no need of those")
        if info.isfile():
            members.append(Member(info.name, partial(file.extractfile, info)))
    return members


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise BadInput(f"{archive}: the name '{name}' points outside the archive; do not trust this file")


def _the_one(archive: Path, members: Sequence[Member], file: RawFile) -> Member | None:
    """The member that the card means; BadInput where two could be meant."""
    names = (file.file, *file.other_names)
    fitting = [member for member in members if PurePosixPath(member.name.replace("\\", "/")).name in names]
    if len(fitting) > 1:
        could_be = " and ".join(member.name for member in fitting)
        raise BadInput(f"{archive}: {could_be} could each be {file.file}; {BY_HAND}")
    return fitting[0] if fitting else None


def _content(archive: Path, member: Member) -> Iterator[bytes]:
    """What a member holds, up to the limits."""
    limit = min(MOST_BYTES, max(SMALL, MOST_RATIO * archive.stat().st_size))
    with _blamed(archive):
        source = member.open()
    taken = 0
    with source:
        while True:
            with _blamed(archive):
                block = source.read(BLOCK)
            if not block:
                return
            taken += len(block)
            if taken > limit:
                raise BadInput(f"{archive}: {member.name} unpacks to more than {limit} bytes; refused as a bomb")
            yield block
