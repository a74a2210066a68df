"""Whole fits are kept as they end, and none is trained twice."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from workflow.benchmark import fits, table
from workflow.benchmark.accuracy import ROWS, STARTED, WINDOWS, compared_as
from workflow.benchmark.bench import Bench
from workflow.benchmark.data import Data
from workflow.benchmark.fits import Fits
from workflow.benchmark.page import MACHINE
from workflow.benchmark.training import RECBOLE
from workflow.benchmark.turns import Failed

REAL, SYNTHETIC = "real, prepared from raw files", "synthetic, of the same counts"


class Process:
    """A side that trains nothing: seed s of side `name` reaches s per mille. asked: what all sides were asked for."""

    def __init__(self, name, asked, fails=None):
        self.name, self.asked, self.fails = name, asked, fails

    def ask(self, seconds, /, seed, epochs=30, do="fit"):
        name = {"expanded": ROWS, "started": STARTED}.get(do, self.name)
        if self.fails:
            raise self.fails
        self.asked.append((name, seed))
        return {"seconds": 60.0, "work": 1, "ndcg": seed / 1000, "cpu_seconds": 0.0, "memory_mb": 500.0 + seed}

    def close(self):
        pass


@dataclass(frozen=True)
class Trial(Bench):
    """A benchmark whose sides are such processes."""

    source: str = REAL
    fails: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def data(self, dataset, users=None):
        return Data(self.store, dataset, self.source)

    def engine(self, task, split, method, settings, **job):
        return Process(WINDOWS, self.asked, self.fails.get(WINDOWS))

    def recbole(self, split, method, settings):
        return Process(RECBOLE, self.asked, self.fails.get(RECBOLE))


@pytest.fixture
def bench(tmp_path):
    return Trial(
        quick=False, runs=2, seconds=300.0, threads=1, device="cpu", python=tmp_path / "python", peer=tmp_path / "none",
        store=tmp_path, results=tmp_path / "results", raw=None, say=lambda message: None,
    )  # fmt: skip


def again(bench, **changes):
    """A later call: nothing is known but what the file tells."""
    return replace(bench, asked=[], **changes)


def kept(bench):
    return table.read(bench.folder / table.FITS)


def work(bench, **changes):
    return replace(fits.planned(bench, "sasrec", "movielens-100k"), **changes)


def trained(bench, **changes):
    """What a call asked two sides for, as pairs of side and seed."""
    asked = []
    players = {side: Process(side, asked) for side in ("A", "B")}
    fits.complete(work(bench, **changes), {side: player.ask for side, player in players.items()}, bench)
    return asked


def test_every_fit_is_a_line_with_its_settings_and_its_machine(bench):
    list(fits.windows("sasrec", bench))
    assert bench.folder == bench.results / "published" / "bench"
    assert replace(bench, quick=True).folder == bench.results / "bench"
    line = kept(bench)[-1]
    about = {name: line[name] for name in ("method", "data", "source", "side", "epochs", "max_length", "seed")}
    assert about == {
        "method": "sasrec", "data": "movielens-100k", "source": REAL, "side": WINDOWS, "epochs": "30",
        "max_length": "20", "seed": "2",
    }  # fmt: skip
    assert (float(line["ndcg"]), float(line["seconds"]), float(line["memory_mb"])) == (0.2, 60, 502)
    settings = json.loads(line["settings"])
    assert settings["max_length"] == 20 and list(settings) == sorted(settings)
    assert not {"epochs", "patience"} & set(settings)  # which end no fit here
    assert set(MACHINE) | {"load_average", "measured"} <= set(line) and line["threads"] == "1"


def test_sides_take_turns_and_windows_fits_serve_parity_too(bench):
    list(fits.windows("sasrec", bench))
    assert bench.asked == [(WINDOWS, 1), (ROWS, 1), (WINDOWS, 2), (ROWS, 2)]
    later = again(bench)
    list(fits.parity("sasrec", later))
    assert later.asked == [(RECBOLE, 1), (RECBOLE, 2)] + [
        (side, seed) for seed in (1, 2) for side in (WINDOWS, RECBOLE)
    ]
    assert [line["data"] for line in kept(bench)].count("lastfm") == 4


def test_an_interrupted_run_goes_on_with_the_seeds_that_are_missing(bench):
    def interrupted(seconds, /, seed, epochs):
        if seed == 2:
            raise KeyboardInterrupt
        return Process("B", []).ask(seconds, seed=seed)

    with pytest.raises(KeyboardInterrupt):
        fits.complete(work(bench), {"A": Process("A", []).ask, "B": interrupted}, bench)
    assert [(line["side"], line["seed"]) for line in kept(bench)] == [("A", "1"), ("A", "2"), ("B", "1")]
    assert trained(replace(bench, runs=3)) == [("B", 2), ("A", 3), ("B", 3)]
    assert trained(replace(bench, runs=3)) == []


def test_the_file_is_whole_whenever_a_side_is_asked(bench):
    counts = []

    def look(seconds, /, seed, epochs):
        lines = kept(bench)
        counts.append(len(lines))
        assert all(None not in line and None not in line.values() and json.loads(line["settings"]) for line in lines)
        return Process("A", []).ask(seconds, seed=seed)

    fits.complete(work(bench), {"A": look, "B": look}, bench)
    assert counts == [0, 1, 2, 3]
    assert [file.name for file in bench.folder.iterdir()] == [table.FITS]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "narm"}, {"epochs": 31}, {"settings": {"max_length": 50}},
        {"split": Data(None, "lastfm", REAL)}, {"split": Data(None, "movielens-100k", SYNTHETIC)},
    ],
)  # fmt: skip
def test_a_fit_of_something_else_is_another_fit(bench, changes):
    assert len(trained(bench)) == 4 and len(trained(bench, **changes)) == 4
    assert len(kept(bench)) == 8 and trained(bench) == trained(bench, **changes) == []


def test_what_does_not_change_a_fit_does_not_make_another(bench):
    given = work(bench)
    turned = dict(reversed(given.settings.items())) | {"epochs": 7, "patience": 3}
    assert len(trained(bench)) == 4
    assert trained(bench, settings=turned, split=replace(given.split, source="real, of quick")) == []


def test_a_side_that_fails_is_a_row_with_its_reason_and_the_others_go_on(bench):
    assert list(fits.windows("sasrec", bench)) == []
    later = again(bench, runs=3, fails={RECBOLE: Failed("no module recbole")})
    row, of_lastfm = fits.parity("stamp", later)
    assert later.asked[:6] == [(side, seed) for seed in (1, 2, 3) for side in (WINDOWS, STARTED)]
    assert (row.benchmark, row.what, row.data) == ("parity-stamp", "whole fits of STAMP, RecBole", "movielens-100k")
    assert row.flat()["reason"] == "no module recbole" and row.flat()["status"] == "failed"
    assert of_lastfm.data == "lastfm"
    broken = again(bench, runs=3, fails={WINDOWS: Failed("out of memory")})
    assert {row.what for row in fits.parity("sasrec", broken)} == {"whole fits of SASRec, windows"}
    assert len(work(bench).of(WINDOWS)) == 2 and len(work(bench).of(RECBOLE)) == 3


def test_the_absent_peer_is_a_reason(bench):
    with_peer = again(bench)
    object.__setattr__(with_peer, "recbole", lambda *about: Bench.recbole(with_peer, *about))
    row = next(iter(fits.parity("stamp", with_peer)))
    assert "does not start" in row.ours.reason and (WINDOWS, 2) in with_peer.asked


def test_each_side_gets_a_fit_however_small_the_budget_and_a_next_call_goes_on(bench):
    bench = replace(bench, runs=5, seconds=0.0)
    assert trained(bench) == [("A", 1), ("B", 1)]
    assert trained(bench) == [("A", 2), ("B", 2)]


def test_a_person_is_told_seed_seconds_accuracy_and_what_is_there(bench):
    told = []
    bench = replace(bench, say=told.append)
    trained(bench)
    assert "there already: 0 of A, 0 of B" in told[0]
    assert any("seed 2 of 2: B took 60 s, NDCG@5 0.20 %" in message for message in told)
    del told[:]
    trained(bench)
    assert len(told) == 1 and "there already: 2 of A, 2 of B" in told[0]


def test_windows_are_compared_with_the_card_s_settings_and_with_the_peer_s(bench):
    assert list(fits.windows("stamp", bench)) == []
    found = {(line["side"], json.loads(line["settings"])["dropout"]) for line in kept(bench)}
    assert found == {(side, dropout) for side in (WINDOWS, ROWS, STARTED) for dropout in (0.1, 0.0)}


def test_stamp_is_also_compared_from_weights_drawn_as_the_peer_s(bench):
    assert list(fits.parity("stamp", bench)) == []
    lines = [line for line in kept(bench) if line["data"] == "lastfm"]
    assert {line["side"] for line in lines} == {WINDOWS, STARTED, RECBOLE} and len(lines) == 6
    assert {json.loads(line["settings"])["dropout"] for line in lines} == {0.0}


def test_lines_from_elsewhere_join_those_that_are_there(bench):
    trained(bench)
    given, before = work(bench), kept(bench)
    answer = {"seconds": 1.0, "ndcg": 0.5, "memory_mb": 1.0, "seed": 2}
    new = [given.line("A", {**answer, "seed": seed}, {}) for seed in (2, 3)]
    fits.add(given.file, new)
    assert [line for line in kept(bench) if line["seed"] != "3"] == before
    assert {seed: line["ndcg"] for seed, line in given.of("A").items()} == {1: "0.1", 2: "0.2", 3: "50"}


def given_as(given, side):
    return compared_as(given.line(side, {"ndcg": 0.0, "seconds": 1.0, "memory_mb": 1.0, "seed": 1}, {})), side


def test_processes_that_end_fits_at_once_lose_none(bench, monkeypatch):
    given, before = work(bench), fits.read

    def slow(file):
        found = before(file)
        time.sleep(0.02)
        return found

    monkeypatch.setattr(fits, "read", slow)
    line = {"ndcg": 0.001, "seconds": 1.0, "memory_mb": 1.0}
    with ThreadPoolExecutor(4) as others:
        list(others.map(lambda seed: fits.add(given.file, [given.line(ROWS, {**line, "seed": seed}, {})]), range(1, 9)))
    assert sorted(before(given.file)) == [(*given_as(given, ROWS), seed) for seed in range(1, 9)]


def test_planned_is_the_card_with_shorter_windows(bench):
    for method in ("sasrec", "narm", "stamp"):
        given = fits.planned(bench, method, "lastfm")
        assert isinstance(given, Fits) and given.settings["max_length"] == 20 and given.epochs == 30
    assert fits.planned(replace(bench, quick=True), "narm", "lastfm").epochs == 1
