"""Measure this project beside its peers:  make bench  (a part at small sizes: make bench ONLY=ranking QUICK=1).

At full size the table goes to results/published/bench, at small sizes to results/bench, which is not kept. Of the
benchmarks that do not run now the table keeps what an earlier run measured. `windows-..` and `parity-..` train both
sides to the end and run only when they are named; each of their fits is kept in fits.csv as it ends, and a later call
trains only the seeds that are not there.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from workflow.benchmark import fits, growth, ranking, search, states, table, training, whole
from workflow.benchmark.bench import Bench, relative
from workflow.benchmark.machine import available_cores, describe
from workflow.benchmark.measured import Row, failed
from workflow.cells.errors import told
from workflow.options import check_environment

# Name, function, and minutes that it may take at full size. Every side has at least one run, whatever it takes.
BENCHMARKS: dict[str, tuple[Callable[[Bench], Iterable[Row]], float]] = {
    "states": (states.states, 2),
    "training": (training.training, 60),
    "augmented": (training.augmented, 6),
    "catalogue": (training.catalogue, 10),
    "search": (search.search, 30),
    "ranking": (ranking.ranking, 12),
    "seeds": (training.seeds, 10),
    "workflow": (whole.workflow, 30),
    "lists": (whole.lists, 15),
    "growth": (growth.growth, 20),
}
ONLY_BY_NAME = {
    f"{name}{method}": (partial(of_fits, method), minutes)
    for name, of_fits, minutes in ((fits.OF_WINDOWS, fits.windows, 120), (fits.OF_PARITY, fits.parity, 12 * 60))
    for method in training.METHODS
}
BENCHMARKS |= ONLY_BY_NAME
QUICK_MINUTES = 1.0
RESULTS = Path("results")


def chosen(only: str) -> list[str]:
    """The benchmarks to run. only: names with commas between them; none for all but those that take hours."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise BadInput(f"no benchmark '{unknown[0]}'; there are: {', '.join(BENCHMARKS)}")
    return names or [name for name in BENCHMARKS if name not in ONLY_BY_NAME]


def measure(names: list[str], bench: Bench) -> Iterator[tuple[str, list[Row]]]:
    """Each benchmark with its rows; what goes wrong in one is a row that says so, and does not stop the others."""
    begun, budgets = time.monotonic(), [60 * minutes_of(name, bench.quick) for name in names]
    for place, name in enumerate(names):
        later = sum(budgets[place + 1 :])
        head = f"[{place + 1}/{len(names)}] {name}"

        def say(message: str, head: str = head, later: float = later) -> None:
            passed = (time.monotonic() - begun) / 60
            print(f"{head} · {message} (others: {later / 60:.0f} min) · {passed:.0f} min passed", flush=True)

        yield name, rows_of(name, replace(bench, seconds=budgets[place], say=say))


def rows_of(name: str, bench: Bench) -> list[Row]:
    rows: list[Row] = []
    try:
        rows.extend(BENCHMARKS[name][0](bench))
    except Exception as error:
        traceback.print_exc()
        rows.append(failed(name, name, f"{type(error).__name__}: {error}"))
    return rows


def minutes_of(name: str, quick: bool) -> float:
    return QUICK_MINUTES if quick else BENCHMARKS[name][1]


def run(options: argparse.Namespace, store: Path) -> Path:
    """Measure and write after each benchmark, so that a run that is stopped leaves what it has."""
    names = chosen(options.only)
    raw = os.environ.get("WHATIFREC_RAW")
    bench = Bench(
        quick=options.quick, runs=options.runs or (2 if options.quick else 5), seconds=0.0, threads=options.threads,
        device="cuda" if torch.cuda.is_available() else "cpu", python=Path(sys.executable),
        peer=relative(options.peer), store=store, results=RESULTS, raw=Path(raw).resolve() if raw else None, say=print,
    )  # fmt: skip
    if bench.quick:
        (bench.folder / table.FITS).unlink(missing_ok=True)  # else nothing would be trained, and nothing seen to work
    for file in (table.CSV, table.FITS):
        table.read(bench.folder / file)  # what cannot be read is named before anything is measured
    where = partial(describe, bench.device, bench.threads, bench.peer)
    machine = where()
    for name, rows in measure(names, bench):
        table.write(bench.folder, [{**row.flat(), **machine} for row in rows], [name])
        machine = where()
    return bench.folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"some of {', '.join(BENCHMARKS)}, with commas")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work?")
    parser.add_argument(
        "--runs", type=int, default=0, help="runs of each side (default 5, at small sizes 2); of whole fits: seeds"
    )
    parser.add_argument("--threads", type=int, default=available_cores(), help="of every side (default: all cores)")
    parser.add_argument("--peer", type=Path, default=Path(".venv-recbole/bin/python"), help="Python that has RecBole")
    with told():
        check_environment(os.environ)
    with told(), tempfile.TemporaryDirectory(prefix="whatifrec-bench-") as store:
        folder = run(parser.parse_args(), Path(store))
    print(folder / table.MARKDOWN)


if __name__ == "__main__":
    start(main)
