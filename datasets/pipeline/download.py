"""One file over HTTP: progress, several attempts, and going on where a broken transfer stopped."""

import time
from pathlib import Path

import requests
from tqdm import tqdm

CONNECT_SECONDS, SILENCE_SECONDS = 15, 60


class DownloadFailed(Exception):
    """This address gave no whole file; another may."""


def download(url: str, path: Path, attempts: int = 4, pause: float = 1.0, silence: float = SILENCE_SECONDS) -> None:
    """Fetch `url` to `path`; a file that is there already is taken as the beginning of the content.

    Each attempt asks for what is missing (HTTP Range); a server that sends all of it again is taken at its word.
    `silence` is how many seconds without a byte end an attempt, `pause` the seconds before the second attempt; the
    pause doubles with each one. DownloadFailed after the last attempt, or at once where the server says there is no
    such file.
    """
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _attempt(url, path, silence)
            return
        except requests.HTTPError as error:
            if error.response.status_code < 500:
                raise DownloadFailed(f"{url}: {error.response.status_code} {error.response.reason}") from error
            reason = error
        except (requests.RequestException, OSError) as error:
            reason = error
    raise DownloadFailed(f"{url}: no whole file after {attempts} attempts, the last: {reason}")


def _attempt(url: str, path: Path, silence: float) -> None:
    have = path.stat().st_size if path.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, silence)) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            path.unlink()  # what is there is as long as the file or longer: the checksum refused it, so start again
            raise requests.ConnectionError("the part on disk is longer than the file")
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        have = have if resumed else 0
        length = int(response.headers.get("Content-Length", 0))
        with (
            open(path, "ab" if resumed else "wb") as file,
            tqdm(total=have + length or None, initial=have, unit="B", unit_scale=True, desc=path.stem) as bar,
        ):
            for block in response.iter_content(1 << 16):
                file.write(block)
                bar.update(len(block))
