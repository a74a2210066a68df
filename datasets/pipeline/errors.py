"""Errors for people, and how a command tells them."""

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BadInput(ValueError):
    """Something given from outside is wrong. The message names file, line or key, and what to do."""


class Damaged(BadInput):
    """A file of our own that is not as it was written: cut, changed, or of another kind. Made again, it is right.

    record: the file by which a run knows that this one is made: without it, the next run makes both anew.
    """

    def __init__(self, file: Path, fault: str) -> None:
        self.fault, self.record = f"{file}: {fault}", _record_of(Path(file))
        super().__init__(f"{self.fault}; remove {'it' if self.record == Path(file) else self.record} and run again")


class Unsealed(Damaged):
    """One without a checksum, of older code or of a person: not as this code writes it, but perhaps of worth."""


class Unreadable(BadInput):
    """A library could not read a file, for a reason that nobody has foreseen."""


RECORDS = ("result.json", "pool.json", "split.json", "data.json")


def _record_of(file: Path) -> Path:
    if file.suffix == ".json" and not file.name.startswith("seed-"):
        return file
    return next((record for name in RECORDS if (record := file.with_name(name)).is_file()), file)


# What a person can do about an error of the system.
CURES = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EACCES: "access is not allowed; change its rights, or name another place",
    errno.EPERM: "access is not allowed; change its rights, or name another place",
    errno.EROFS: "the disk is read-only; name another place",
    errno.ENOENT: "no such file or folder; was the step before this one run?",
    errno.ENOTDIR: "a file stands where a folder is needed; move it away, or name a folder",
    errno.EEXIST: "a file stands where a folder is needed; move it away, or name a folder",
    errno.EISDIR: "a folder stands where a file is needed; move it away, or name a file",
    errno.EIO: "the disk does not answer as it should; look after it, or copy the file anew",
}


@contextmanager
def reading(*files: Path) -> Iterator[None]:
    """Name the files in an error of a library that reads them. Errors of the system and want of memory go on."""
    try:
        yield
    except (BadInput, OSError, MemoryError):
        raise
    except Exception as error:
        names = ", ".join(map(str, files))
        raise Unreadable(
            f"{names}: cannot be read ({_of_library(error)}); is it the file that was meant, and whole?"
        ) from error


def tell(error: Exception, *meant: type[Exception]) -> bool:
    """Say an error to a person, in a message on standard error that is the last thing there. Gives whether another
    attempt may help: after want of memory, a fault of the system, or of a device (RuntimeError in torch).

    meant: classes besides BadInput whose text is for people. The traceback of any other error comes before the message,
    where standard error is a log and not a terminal; of the system's errors the file and the cure say enough.
    """
    of_input = isinstance(error, (BadInput, *meant))
    foreseen = of_input and not isinstance(error, Unreadable) or _is_of_a_file(error)
    if not foreseen and not sys.stderr.isatty():
        traceback.print_exception(error)
    print(f"error: {error if of_input else explained(error)}", file=sys.stderr, flush=True)
    return not of_input and isinstance(error, (MemoryError, OSError, RuntimeError))


def explained(error: Exception) -> str:
    """An error that was not made for people, in their words."""
    if isinstance(error, MemoryError):
        return f"not enough memory ({error or 'the system gave none'}); free some, or give the job more"
    if _is_of_a_file(error):
        return f"{error.filename}: {CURES[error.errno]} ({error.strerror})"
    return f"{_of_library(error)}; the traceback says where (2> FILE keeps it)"


def _is_of_a_file(error: Exception) -> bool:
    return isinstance(error, OSError) and error.filename is not None and error.errno in CURES


def _of_library(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
