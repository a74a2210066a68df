"""Accuracy of whole fits: here and in RecBole, with windows and with a row for each target.

A fit takes minutes to an hour: each is a line of fits.csv as soon as it ends, and none that is there is trained again.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean

from scipy.stats import ttest_ind

from workflow.benchmark import table
from workflow.benchmark.bench import Bench
from workflow.benchmark.data import Data
from workflow.benchmark.machine import describe
from workflow.benchmark.measured import PARITY, Bar, Measured, Row
from workflow.benchmark.peer_inputs import ALIKE
from workflow.benchmark.states import START
from workflow.benchmark.training import METHODS, RECBOLE
from workflow.benchmark.turns import peak, sides, take_turns

WINDOWS, ROWS = "windows", "a row for each target"
STARTED = "windows, from weights drawn as RecBole's"
EQUIVALENT = Bar("value", 0.5)  # points of NDCG@5, a tenth of what such a fit reaches: fixed before the first run
EPOCHS, LENGTH = 30, 20  # of a fit; with the cards' length of 50 RecBole's SASRec takes hours on a CPU
DATASETS = ("movielens-100k", "lastfm")
OF_WINDOWS = "windows-"  # with which the benchmarks that compare windows with rows begin
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
        wanted = (self.method, self.split.name, _kind(self.split.source), str(self.epochs), self._settings, side)
        return {seed: fit for (what, seed), fit in sorted(read(self.file).items()) if what == wanted}

    def line(self, side: str, answer: Mapping, machine: Mapping) -> Fit:
        """answer: of a fit, with its `seed`; machine: where it was made, as `machine.describe` tells."""
        columns = {
            "method": self.method, "data": self.split.name, "source": self.split.source, "side": side,
            "epochs": self.epochs, "max_length": self.settings["max_length"], "seed": answer["seed"],
            "ndcg": 100 * answer["ndcg"], "seconds": answer["seconds"], MEMORY: peak(answer),
            BUSY: answer.get(BUSY), "settings": self._settings, **machine,
        }  # fmt: skip
        return table.as_text(columns)

    @property
    def _settings(self) -> str:
        known = {name: value for name, value in self.settings.items() if name not in ENDS}
        return json.dumps(known, sort_keys=True, separators=(",", ":"))


def read(file: Path) -> dict[tuple[tuple, int], Fit]:
    """The fits that are there, by what tells one from others, the seed last; of two that are the same, the first."""
    found = {}
    for fit in table.read(file):
        found.setdefault(_key(fit), fit)
    return found


def add(file: Path, new: Iterable[Fit]) -> None:
    """Put fits into the file, but for those that are there. Other processes wait: they may have fits of their own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        fits = {_key(fit): fit for fit in new} | read(file)
        table.save(file, [fits[key] for key in sorted(fits)])
    finally:
        os.close(folder)


def _key(fit: Fit) -> tuple[tuple, int]:
    about = (fit["method"], fit["data"], _kind(fit["source"]), fit["epochs"], fit["settings"], fit["side"])
    return about, int(fit["seed"])


def _kind(source: str) -> str:
    """Real or synthetic: where real data were found makes no other fit."""
    return source.partition(",")[0]


def planned(bench: Bench, method: str, dataset: str, **changes: object) -> Fits:
    """changes: of the card's settings."""
    settings = bench.defaults(method, max_length=LENGTH, **changes)
    return Fits(bench.folder / table.FITS, method, bench.data(dataset), settings, 1 if bench.quick else EPOCHS)


def complete(fits: Fits, trainers: Mapping[str, Trainer], bench: Bench) -> dict[str, Measured]:
    """Train the seeds up to `bench.runs` that are not there, in turns between the sides; then the accuracy (percent) of
    all that are there, by side."""
    say, reasons = bench.told(f"{METHODS[fits.method]} on {fits.split.name}"), {}
    say(f"seeds there already: {', '.join(f'{len(fits.of(side))} of {side}' for side in trainers)}")
    for side, answer in take_turns(_missing(fits, trainers, bench.runs), bench.seconds, say, reasons, told=_told):
        add(fits.file, [fits.line(side, answer, describe(bench.device, bench.threads, bench.peer))])
    return {side: accuracy(fits.of(side).values(), reasons.get(side, "")) for side in trainers}


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


def accuracy(fits: Iterable[Fit], reason: str = "") -> Measured:
    """reason: why there are no more."""
    fits = list(fits)
    memory, busy = ([float(fit[name]) for fit in fits if fit[name]] for name in (MEMORY, BUSY))
    values = tuple(float(fit["ndcg"]) for fit in fits)
    return Measured(values, max(memory, default=None), max(busy, default=None), reason)


def parity(method: str, bench: Bench) -> Iterator[Row]:
    """Test NDCG@5 after whole fits here and in RecBole, a run being a seed; and whether they are equivalent: two
    one-sided tests, each at 5 %, with the bar that windows have, as the question is the same."""
    for dataset in DATASETS:
        fits = planned(bench, method, dataset, **ALIKE.get(method, {}))
        about = (fits.split, method, fits.settings)
        with sides(bench.engine("train", *about), bench.recbole(*about)) as (engine, peer):
            trainers = {WINDOWS: partial(engine.ask, do="fit"), RECBOLE: partial(peer.ask, do="fit")}
            if method in START:
                trainers[STARTED] = partial(engine.ask, do="started")
            found = complete(fits, trainers, replace(bench, seconds=bench.seconds / len(DATASETS)))
        for side in (WINDOWS, STARTED):
            if side in found:
                yield from rows(f"{PARITY}{method}", fits, found, RECBOLE, side)


def windows(method: str, bench: Bench) -> Iterator[Row]:
    """Test NDCG@5 after whole fits with windows that overlap by half, and with a row for each target, a run being a
    seed; and whether they are equivalent: two one-sided tests, each at 5 %."""
    fits = planned(bench, method, DATASETS[0])
    with sides(bench.engine("train", fits.split, fits.method, fits.settings)) as (engine,):
        trainers = {WINDOWS: partial(engine.ask, do="fit"), ROWS: partial(engine.ask, do="expanded")}
        found = complete(fits, trainers, bench)
    yield from rows(f"{OF_WINDOWS}{method}", fits, found, ROWS)


def rows(benchmark: str, fits: Fits, found: Mapping[str, Measured], other: str, side: str = WINDOWS) -> Iterator[Row]:
    """Medians of both sides, and how far their means may lie apart: the far end of Welch's interval of 90 %."""
    what = f"test NDCG@5 of {METHODS[fits.method]}, {fits.epochs} epochs of length {fits.settings['max_length']}"
    what += side.removeprefix(WINDOWS)
    about, values = (fits.split.name, fits.split.source), [found[each].values for each in (side, other)]
    method = fits.method if (side, other) == (WINDOWS, RECBOLE) else ""  # where speed is shown, so is this accuracy
    yield Row(benchmark, what, *about, "%", found[side], found[other], other, more=True, method=method)
    if min(map(len, values)) > 1:
        interval = ttest_ind(*values, equal_var=False).confidence_interval(0.9)
        means = " and ".join(f"{mean(each):.2f}" for each in values)
        ends = f"the far end of the 90 % interval of their difference, {interval.low:+.2f} to {interval.high:+.2f}"
        far = Measured((float(max(-interval.low, interval.high)),))
        yield Row(benchmark, f"{what}, means {means}: {ends}", *about, "points", far, bar=EQUIVALENT)
