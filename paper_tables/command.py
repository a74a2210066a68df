"""The command line of what is made from a scale's results: its two options, and errors for people."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput


def scale_parser(module: str, text: str) -> argparse.ArgumentParser:
    """A parser for `python -m <module>` that asks for the scale's file and its results; `text`: the module's own."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=text.splitlines()[0])
    parser.add_argument("--scale-file", type=Path, required=True, help="config/<scale>.yaml")
    parser.add_argument("--results", type=Path, required=True, help="results/<scale>")
    return parser


def table_command(
    module: str,
    text: str,
    targets: Sequence[str],
    write: Callable[[Sequence[str], Mapping, Path], Iterable[object]],
    arguments: Sequence[str] | None = None,
) -> int:
    """The command of a paper's tables: one of its targets, its document, or all. The exit status."""
    parser = scale_parser(module, text)
    parser.add_argument("target", choices=[*targets, "document", "all"])
    chosen = parser.parse_args(arguments)
    asked = [*targets, "document"] if chosen.target == "all" else [chosen.target]
    return answer(chosen, lambda scale, results: write(asked, scale, results))


def answer(chosen: argparse.Namespace, make: Callable[[Mapping, Path], Iterable[object]]) -> int:
    """Print what `make(scale, results)` gives, a line each. The exit status: 2 where the input is at fault."""
    try:
        scale = yaml.safe_load(chosen.scale_file.read_text(encoding="utf-8"))
        print(*make(scale, chosen.results), sep="\n")
    except (BadInput, OSError, yaml.YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
