"""Remove the results of one scale, which has to be named: `make clean SCALE=demo`.

The name comes from outside and becomes the path of what is removed. So it must be that of a file config/<name>.yaml,
letter by letter, and never one of TAKEN, such as `published`. Needs nothing that has to be installed.
"""

import argparse
import shutil
import sys
from pathlib import Path

from datasets.pipeline.command import start

CONFIG, RESULTS = Path("config"), Path("results")
TAKEN = ("published", "logs", "bench")  # folders of results/ that are no scale's


def folder_of(scale: str) -> Path:
    """results/<scale>. ValueError, in words for a person, for what is no scale's name."""
    known = sorted(file.stem for file in CONFIG.glob("*.yaml") if file.stem not in TAKEN)
    if scale not in known:
        raise ValueError(f"'{scale}' is no scale, so nothing is removed: name one of {', '.join(known)}")
    folder = RESULTS / scale
    if folder.is_symlink():
        raise ValueError(f"{folder} is a link to {folder.resolve()}, so nothing is removed: do it by hand")
    return folder


def size(folder: Path) -> tuple[int, int]:
    """How many files lie in a folder, and their bytes; links are not followed."""
    files = [file for file in folder.rglob("*") if file.is_symlink() or file.is_file()]
    return len(files), sum(file.lstat().st_size for file in files)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m workflow.clean", description=__doc__.splitlines()[0])
    parser.add_argument("--scale", required=True, help="the name of a file config/<name>.yaml")
    try:
        folder = folder_of(parser.parse_args(arguments).scale)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not folder.is_dir():
        print(f"{folder}: nothing is there")
        return 0
    files, taken = size(folder)
    print(f"Removing {folder}: {files:,} files, {taken / 2**20:,.1f} MiB.", flush=True)
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    start(main)
