"""The command line of what is made from a scale's results: its options, where pages go, and errors for people."""

import argparse
import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from datasets.pipeline.errors import reading, tell
from datasets.pipeline.files import parse_yaml

# What a scale's pages are made of.
READ = ("cells", "data", "splits", "pools", "tuning", "benchmarks", "standing")


def scale_parser(module: str, text: str) -> argparse.ArgumentParser:
    """A parser for `python -m <module>` that asks for the scale's file and its results; `text`: the module's own."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=text.splitlines()[0])
    parser.add_argument("--scale-file", type=Path, required=True, help="config/<scale>.yaml")
    parser.add_argument("--results", type=Path, required=True, help="results/<scale>")
    return parser


def page_parser(module: str, text: str) -> argparse.ArgumentParser:
    """The same for what writes pages: of what there is, into results/<scale>/so_far."""
    parser = scale_parser(module, text)
    of_a_run = "into results/<scale> itself: for the workflow's rules, which wait until all cells have ended"
    parser.add_argument("--final", action="store_true", help=of_a_run)
    return parser


def page_folder(chosen: argparse.Namespace) -> Path:
    """Where the command reads results and writes pages.

    Pages in results/<scale> mean to the workflow that all their cells have ended: it would not ask for them any more.
    Pages of what there is so far go into a folder beside them, in which results are links to those of the scale.
    """
    return chosen.results if chosen.final else so_far(chosen.results)


def so_far(results: Path) -> Path:
    folder = results / "so_far"
    folder.mkdir(parents=True, exist_ok=True)
    for name in READ:
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(Path("..") / name, target_is_directory=True)
    return folder


def answer(scale_file: Path, results: Path, make: Callable[[Mapping, Path], Iterable[object]]) -> int:
    """Print what `make(scale, results)` gives, a line each. The exit status: 2 after an error, which it tells."""
    try:
        with reading(scale_file):
            scale = parse_yaml(scale_file.read_text(encoding="utf-8"))
        print(*make(scale, results), sep="\n", flush=True)
    except Exception as error:
        tell(error)
        return 2
    return 0
