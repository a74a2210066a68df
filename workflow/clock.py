"""Files from the future, after a clock was set back: by their times Snakemake decides what is older than what it was
made of, so that it would refuse each new file beside them. Their times are moved to now, in the same order."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

ALLOWED = 60.0  # seconds: clocks of machines that share a disk differ a little
WITHIN = 1.0  # seconds before now in which the times of such files come to lie


def from_the_future(folder: Path, now: float) -> Iterator[tuple[float, str]]:
    """(time, path) of each file and folder below `folder` that is newer than now. Links are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_ahead(changed := entry.stat(follow_symlinks=False).st_mtime, now):
                yield changed, entry.path
            if entry.is_dir(follow_symlinks=False):
                yield from from_the_future(Path(entry.path), now)


def _is_ahead(changed: float, now: float) -> bool:
    return changed > now + ALLOWED


def mend_times(*places: Path, now: float | None = None) -> int:
    """Give files from the future a time within the last second: the files that are named, and all in the folders that
    are named. How many there were. Name nothing that is a person's."""
    now = time.time() if now is None else now
    found = [each for place in places if place.is_dir() for each in from_the_future(place, now)]
    files = [(place.stat().st_mtime, str(place)) for place in places if place.is_file()]
    found += [(changed, path) for changed, path in files if _is_ahead(changed, now)]
    span = max((changed for changed, _ in found), default=now) - now
    for changed, path in found:
        mended = now - WITHIN * (1 - (changed - now) / span)
        os.utime(path, (mended, mended), follow_symlinks=False)
    return len(found)
