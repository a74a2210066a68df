"""One file over HTTP: bounded in size and time, and in several attempts, each going on where the last one stopped."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from tqdm import tqdm

CONNECT_SECONDS, SILENCE_SECONDS, WHOLE_SECONDS = 15, 60, 3 * 3600
LONGEST_WAIT = 300  # seconds that a server may ask us to wait
MOST_BYTES = 8 << 30  # of a file whose size nobody has said
BLOCK = 1 << 16
LEAST = 1 << 13  # bytes within SILENCE_SECONDS; less is as good as none
BUSY = {408, 425, 429, 500, 502, 503, 504, *range(520, 528)}  # answers that may be another one later
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
WHOLE = re.compile(r"bytes \*/(\d+)")  # what comes with 416
TOO_LONG = "not whole in the time that a download may take"
NO_HOST = ("Name or service not known", "nodename nor servname")  # Linux, macOS
FOR_EVER = (
    requests.TooManyRedirects,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


class DownloadFailed(Exception):
    """This address gave no whole file, and would not if it were asked again; another may."""


class _Again(Exception):
    """An attempt broke off, and another one may help, after `wait` seconds where the server names a time."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def download(
    url: str,
    path: Path,
    size: int | None = None,
    attempts: int = 4,
    pause: float = 1.0,
    silence: float = SILENCE_SECONDS,
    whole: float = WHOLE_SECONDS,
) -> None:
    """Fetch `url` to `path`; a file that is there already is taken as the beginning of the content.

    size: of the whole file, where it is known: no other is read. attempts: in a row that bring nothing more; pause:
    seconds before the second of them, doubled with each one; silence: seconds with next to no byte that end an attempt;
    whole: seconds for everything. DownloadFailed where these are used up, or at once where another attempt cannot help.
    What the disk does not take is no fault of the address: that OSError goes on.
    """
    end, failures, most = time.monotonic() + whole, 0, _length(path)
    while True:
        try:
            return _attempt(url, path, size, silence, end)
        except _Again as reason:
            if _length(path) >= most + BLOCK:
                failures, most = 0, _length(path)
            failures += 1
            wait = max(reason.wait, pause * 2 ** (failures - 1))
            if failures == attempts:
                raise DownloadFailed(f"{url}: no whole file after {attempts} attempts, the last: {reason}") from reason
            if reason.wait > LONGEST_WAIT:
                raise DownloadFailed(f"{url}: {reason}, and asks to wait {wait:.0f} s; try again then") from reason
            if time.monotonic() + wait > end:
                raise DownloadFailed(f"{url}: {TOO_LONG}, the last: {reason}") from reason
            time.sleep(wait)


def _attempt(url: str, path: Path, size: int | None, silence: float, end: float) -> None:
    have = _length(path)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with _network(url):
        response = requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, silence))
    with response:
        if have and _nothing_left(response, path):
            return
        _check_status(url, response)
        begin, total = _place(response, path, have)
        if None not in (size, total) and total != size:
            raise DownloadFailed(f"{url}: is {total} bytes long, the card says {size}: another file")
        length = size or total
        with (
            open(path, "ab" if begin else "wb") as file,
            tqdm(total=length, initial=begin, unit="B", unit_scale=True, desc=path.stem, disable=None) as bar,
        ):
            for block in _blocks(url, response, silence, end):
                if file.tell() + len(block) > (length or MOST_BYTES):
                    path.unlink()
                    raise DownloadFailed(f"{url}: sends more than the {length or MOST_BYTES} bytes that it may have")
                file.write(block)
                bar.update(len(block))
    if length is not None and _length(path) < length:
        raise _Again(f"cut after {_length(path)} of {length} bytes")


def _blocks(url: str, response: requests.Response, silence: float, end: float) -> Iterator[bytes]:
    """What comes, as it comes: a reader that waits for whole blocks would not notice that hardly anything does."""
    came, since = 0, time.monotonic()
    while True:
        with _network(url):
            block = response.raw.read1(BLOCK, decode_content=False)
        if not block:
            return
        yield block
        came, now = came + len(block), time.monotonic()
        if now > end:
            raise DownloadFailed(f"{url}: {TOO_LONG}")
        if now > since + silence:
            if came < LEAST:
                raise _Again(f"only {came} bytes came in {now - since:.0f} s")
            came, since = 0, now


def _check_status(url: str, response: requests.Response) -> None:
    code = response.status_code
    if code in BUSY:
        raise _Again(f"{code} {response.reason}", _asked_wait(response.headers.get("Retry-After", "")))
    if code not in (requests.codes.ok, requests.codes.partial_content):
        raise DownloadFailed(f"{url}: {code} {response.reason}")


def _nothing_left(response: requests.Response, path: Path) -> bool:
    """Whether the server says that what is on disk is all; where it is more than all, it goes."""
    if response.status_code != requests.codes.requested_range_not_satisfiable:
        return False
    said = WHOLE.fullmatch(response.headers.get("Content-Range", ""))
    if said and int(said[1]) == _length(path):
        return True
    path.unlink()
    raise _Again("the part on disk is longer than the file")


def _place(response: requests.Response, path: Path, have: int) -> tuple[int, int | None]:
    """Where in the file the content of an answer begins, and how long the whole file is, as far as the server says."""
    if response.status_code == requests.codes.ok:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    said = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not said or int(said[1]) != have:
        path.unlink(missing_ok=True)
        raise _Again(f"it sent another part ({response.headers.get('Content-Range')}) than the one from byte {have}")
    return have, None if said[3] == "*" else int(said[3])


@contextmanager
def _network(url: str) -> Iterator[None]:
    """Give an error of the network its place. Stands around nothing that writes."""
    try:
        yield
    except FOR_EVER as error:
        raise DownloadFailed(f"{url}: {error}") from error
    except Exception as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise DownloadFailed(f"{url}: its certificate is not to be trusted ({error})") from error
        if any(words in str(error) for words in NO_HOST):
            raise DownloadFailed(f"{url}: no such host; is this machine without a network?") from error
        system = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
        raise _Again(system[1] if system else str(error)) from error


def _asked_wait(retry_after: str) -> float:
    """Seconds of a Retry-After: a number, or a date."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
