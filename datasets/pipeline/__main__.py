"""The steps from raw file to split, each a command: python -m datasets.pipeline <step> --help."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasets.pipeline.audit import audit
from datasets.pipeline.card import Card, card, cards
from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput, tell
from datasets.pipeline.fetch import fetch
from datasets.pipeline.files import healing
from datasets.pipeline.prepare import prepare
from datasets.pipeline.recipe_search import search_file
from datasets.pipeline.split import make_split
from datasets.pipeline.split_name import FORM, SplitName


def main(arguments: list[str] | None = None) -> int:
    """Run one step. Returns the exit status: 0; after a message for a person on standard error 2, or 1 where another
    attempt may help."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except Exception as error:
        return 1 if tell(error) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datasets.pipeline", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="step")

    step = steps.add_parser("list", help="name every data set")
    step.set_defaults(run=lambda chosen: print(*map(_line, cards().values()), sep="\n"))

    step = steps.add_parser("fetch", help="download the raw files, or find them in a folder of yours")
    _add_dataset(step)
    step.add_argument("--raw", type=Path, help="your folder of raw files, searched before the network")
    step.add_argument("--accept-unverified", action="store_true", help="take files whose checksum is wrong or unknown")
    step.set_defaults(
        run=lambda chosen: _show(fetch(card(chosen.dataset), chosen.store, chosen.raw, chosen.accept_unverified))
    )

    step = steps.add_parser("prepare", help="parse the raw files and apply the recipe")
    _add_dataset(step)
    _add_results(step)
    step.set_defaults(run=lambda chosen: _show(prepare(card(chosen.dataset), chosen.results, chosen.store)["counts"]))

    step = steps.add_parser("audit", help="look for what makes a metric meaningless")
    step.add_argument("--dataset", required=True)
    _add_results(step)
    step.set_defaults(run=_audit)

    step = steps.add_parser("split", help="make training histories and held-out items")
    step.add_argument("--split", required=True, help=FORM)
    _add_results(step)
    step.set_defaults(run=_split)

    step = steps.add_parser("recipes", help="look for the recipe that gives the counts that a paper prints")
    _add_dataset(step)
    step.add_argument("--printed", type=Path, required=True, help="the paper's table of data sets, as CSV")
    step.add_argument("--cut", default="", help="the day of the cut, such as 2009-01-01 (default: the card's)")
    step.add_argument("--output", type=Path, required=True, help="the CSV to write: every recipe, the nearest first")
    step.set_defaults(run=_recipes)
    return parser


def _recipes(chosen: argparse.Namespace) -> None:
    found = search_file(card(chosen.dataset), chosen.printed, chosen.output, chosen.cut, chosen.store)
    print(found.head(10).to_string(index=False))


def _audit(chosen: argparse.Namespace) -> None:
    with _of_prepared(chosen.dataset, chosen.results):
        _show(audit(card(chosen.dataset), chosen.results))


def _split(chosen: argparse.Namespace) -> None:
    with _of_prepared(SplitName.of(chosen.split).dataset, chosen.results):
        _show(make_split(chosen.split, chosen.results))


@contextmanager
def _of_prepared(dataset: str, results: Path) -> Iterator[None]:
    """Say of a step that came too early what comes before it, and let a run prepare anew what is damaged."""
    try:
        with healing():
            yield
    except FileNotFoundError as error:
        about = results / "data" / dataset / "data.json"
        if about.exists():
            raise
        raise BadInput(
            f"{about}: not there; run first: python -m datasets.pipeline prepare --dataset {dataset} "
            f"--results {results}"
        ) from error


def _add_dataset(step: argparse.ArgumentParser) -> None:
    step.add_argument("--dataset", required=True, help="its name, such as movielens-1m")
    step.add_argument("--store", type=Path, help="where fetched files lie (default: raw/ in the data set's folder)")


def _add_results(step: argparse.ArgumentParser) -> None:
    step.add_argument("--results", type=Path, required=True, help="folder of a scale, such as results/quick")


def _line(about: Card) -> str:
    """A data set by name, and what its variants add to the name."""
    tokens = (f"[-{'|'.join(list(each)[1:])}]" for each in about.variants.values())
    return f"{about.name:16} {about.label}  {''.join(tokens)}".rstrip()


def _show(content: object) -> None:
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    start(main)
