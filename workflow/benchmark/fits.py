"""Accuracy of whole fits: here and in RecBole, with windows and with a row for each target.

A fit takes minutes to an hour: each is a line of fits.csv as soon as it ends, and none that is there is trained again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from workflow.benchmark import table
from workflow.benchmark.accuracy import LENGTH, ROWS, STARTED, WINDOWS, compared_as
from workflow.benchmark.bench import Bench
from workflow.benchmark.data import Data
from workflow.benchmark.machine import describe
from workflow.benchmark.measured import Row, failed
from workflow.benchmark.peer_inputs import ALIKE
from workflow.benchmark.states import START
from workflow.benchmark.training import METHODS, RECBOLE
from workflow.benchmark.turns import peak, sides, take_turns

EPOCHS, ITEMS = 30, 20  # of a fit, and of a window; with the cards' length of 50 RecBole's SASRec takes hours on a CPU
DATASETS = ("movielens-100k", "lastfm")
OF_WINDOWS, OF_PARITY = "windows-", "parity-"  # with which the benchmarks of fits begin
ENDS = ("epochs", "patience")  # settings that do not count here: every fit has the epochs that its line tells
MEMORY, BUSY = "memory_mb", "busy_elsewhere"  # as in `Measured`

Fit = Mapping[str, str]  # a line of the file
Trainer = Callable[..., dict]  # from the most seconds, `seed` and `epochs` to the answer of a fit


@dataclass(frozen=True)
class Fits:
    """The fits of a file that differ by side and seed alone."""

    file: Path
    method: str
    split: Data
    settings: Mapping
    epochs: int

    def of(self, side: str) -> dict[int, Fit]:
        """What is there of a side, by seed."""
        about = {"method": self.method, "data": self.split.name, "source": self.split.source, "epochs": self.epochs}
        wanted = compared_as({**about, "settings": self._settings}), side
        return {seed: fit for (*what, seed), fit in sorted(read(self.file).items()) if tuple(what) == wanted}

    def line(self, side: str, answer: Mapping, machine: Mapping) -> Fit:
        """answer: of a fit, with its `seed`; machine: where it was made, as `machine.describe` tells."""
        columns = {
            "method": self.method, "data": self.split.name, "source": self.split.source, "side": side,
            "epochs": self.epochs, LENGTH: self.settings[LENGTH], "seed": answer["seed"],
            "ndcg": 100 * answer["ndcg"], "seconds": answer["seconds"], MEMORY: peak(answer),
            BUSY: answer.get(BUSY), "settings": self._settings, **machine,
        }  # fmt: skip
        return table.as_text(columns)

    @property
    def _settings(self) -> str:
        known = {name: value for name, value in self.settings.items() if name not in ENDS}
        return json.dumps(known, sort_keys=True, separators=(",", ":"))


def read(file: Path) -> dict[tuple[tuple, str, int], Fit]:
    """The fits that are there, by what is compared, side and seed; of two that are the same, the first."""
    found = {}
    for fit in table.read(file):
        found.setdefault(_key(fit), fit)
    return found


def add(file: Path, new: Iterable[Fit]) -> None:
    """Put fits into the file, but for those that are there. Other processes wait: they may have fits of their own."""
    with table.alone(file.parent):
        fits = {_key(fit): fit for fit in new} | read(file)
        table.save(file, [fits[key] for key in sorted(fits)])


def _key(fit: Fit) -> tuple[tuple, str, int]:
    return compared_as(fit), fit["side"], int(fit["seed"])


def planned(bench: Bench, method: str, dataset: str, **changes: object) -> Fits:
    """changes: of the card's settings."""
    settings = bench.defaults(method, **{LENGTH: ITEMS}, **changes)
    return Fits(bench.folder / table.FITS, method, bench.data(dataset), settings, 1 if bench.quick else EPOCHS)


def complete(fits: Fits, trainers: Mapping[str, Trainer], bench: Bench) -> dict[str, str]:
    """Train the seeds up to `bench.runs` that are not there, in turns between the sides; the sides that failed, with
    the reason."""
    say, reasons = bench.told(f"{METHODS[fits.method]} on {fits.split.name}"), {}
    say(f"seeds there already: {', '.join(f'{len(fits.of(side))} of {side}' for side in trainers)}")
    for side, answer in take_turns(_missing(fits, trainers, bench.runs), bench.seconds, say, reasons, told=_told):
        add(fits.file, [fits.line(side, answer, describe(bench.device, bench.threads, bench.peer))])
    return reasons


def _missing(fits: Fits, trainers: Mapping[str, Trainer], runs: int) -> Iterator[tuple[str, dict]]:
    """A round for each seed that a side does not have when its turn comes; so another process may train others."""
    for seed in range(1, runs + 1):
        missing = {side: train for side, train in trainers.items() if seed not in fits.of(side)}
        if missing:
            players = {side: partial(_fit, train, seed, fits.epochs) for side, train in missing.items()}
            yield f"seed {seed} of {runs}", players


def _told(answer: Mapping) -> str:
    return f", NDCG@5 {100 * answer['ndcg']:.2f} %"


def _fit(train: Trainer, seed: int, epochs: int, seconds: float) -> dict:
    return {**train(seconds, seed=seed, epochs=epochs), "seed": seed}


def parity(method: str, bench: Bench) -> Iterator[Row]:
    """Whole fits here and in RecBole, a run being a seed."""
    for dataset in DATASETS:
        fits = planned(bench, method, dataset, **ALIKE.get(method, {}))
        about = (fits.split, method, fits.settings)
        with sides(bench.engine("train", *about), bench.recbole(*about)) as (engine, peer):
            trainers = {WINDOWS: partial(engine.ask, do="fit"), RECBOLE: partial(peer.ask, do="fit")}
            if method in START:
                trainers[STARTED] = partial(engine.ask, do="started")
            reasons = complete(fits, trainers, replace(bench, seconds=bench.seconds / len(DATASETS)))
        yield from failures(f"{OF_PARITY}{method}", fits, reasons)


def windows(method: str, bench: Bench) -> Iterator[Row]:
    """Whole fits with windows that overlap by half, and with a row for each target, a run being a seed: with the card's
    settings, and with those that are RecBole's."""
    variants = [{}, ALIKE[method]] if method in ALIKE else [{}]
    for changes in variants:
        fits = planned(bench, method, DATASETS[0], **changes)
        with sides(*bench.engines(2, "train", fits.split, method, fits.settings)) as (engine, expanding):
            trainers = {WINDOWS: partial(engine.ask, do="fit"), ROWS: partial(expanding.ask, do="expanded")}
            if method in START:
                trainers[STARTED] = partial(engine.ask, do="started")
            reasons = complete(fits, trainers, replace(bench, seconds=bench.seconds / len(variants)))
        yield from failures(f"{OF_WINDOWS}{method}", fits, reasons)


def failures(benchmark: str, fits: Fits, reasons: Mapping[str, str]) -> Iterator[Row]:
    """A row for each side that failed. What the others reach is told by their lines (accuracy.py)."""
    for side, reason in reasons.items():
        what = f"whole fits of {METHODS[fits.method]}, {side}"
        yield failed(benchmark, what, reason, fits.split.name, fits.split.source)
