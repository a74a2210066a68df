"""Sides take turns; one that fails does not stop the others."""

import os
import sys

import pytest

from workflow.benchmark import turns
from workflow.benchmark.turns import Failed, Side, in_turn, sides, whole_process

ECHO = "tests.benchmark.echo_side"
LONG = 300.0


def recorder(name, played, fails_at=None):
    """A player that costs as many seconds as it has played."""

    def play(seconds):
        played.append(name)
        if played.count(name) == fails_at:
            raise Failed("out of memory")
        return {"seconds": 10.0 * played.count(name), "work": 5, "cpu_seconds": 0.0, "memory_mb": played.count(name)}

    return play


def quiet(message):
    pass


def test_sides_alternate_and_the_first_turn_does_not_count():
    played = []
    found = in_turn({name: recorder(name, played) for name in "AB"}, 3, LONG, quiet)
    assert "".join(played) == "ABABABAB"
    assert found["A"].values == found["B"].values == (4.0, 6.0, 8.0)
    assert found["A"].memory_mb == 4


def test_a_side_that_fails_says_why_and_the_other_goes_on():
    played = []
    players = {"A": recorder("A", played, fails_at=2), "B": recorder("B", played)}
    found = in_turn(players, 2, LONG, quiet)
    assert found["A"].reason == "out of memory" and not found["A"].values
    assert len(found["B"].values) == 2 and "".join(played) == "ABABB"


def test_every_side_has_one_turn_that_counts_however_small_the_budget():
    played = []
    found = in_turn({name: recorder(name, played) for name in "AB"}, 5, 0.0, quiet)
    assert "".join(played) == "ABAB" and len(found["B"].values) == 1


def test_without_a_warm_up_each_turn_counts():
    found = in_turn({"A": recorder("A", [])}, 2, LONG, quiet, cost=lambda a: a["seconds"], warm_up=False)
    assert found["A"].values == (10.0, 20.0)


def test_cores_that_others_keep_busy_are_noted(monkeypatch):
    busy = iter((100.0, 107.0))
    monkeypatch.setattr(turns, "busy_seconds", lambda: next(busy))
    clock = iter((0.0, 0.0, 0.0, 2.0, 2.0))
    monkeypatch.setattr(turns.time, "monotonic", lambda: next(clock))
    answer = {"seconds": 2.0, "work": 1, "cpu_seconds": 3.0, "memory_mb": 1.0}
    assert in_turn({"A": lambda seconds: answer}, 1, LONG, quiet, warm_up=False)["A"].busy_elsewhere == 2.0


def test_memory_of_a_device_goes_before_that_of_the_process():
    assert turns.peak({"memory_mb": 5.0}) == 5.0
    assert turns.peak({"memory_mb": 5.0, "device_memory_mb": 7.0}) == 7.0


@pytest.mark.skipif(os.name != "posix", reason="processes are measured by wait4")
def test_a_process_answers_until_it_is_closed():
    with sides(Side(sys.executable, ECHO, {"name": "echo"}, 1)) as (side,):
        for units in (1, 2):
            answer = side.ask(LONG, do="work", units=units)
            assert (answer["seconds"], answer["work"], answer["name"]) == (2.0 * units, units, "echo")
            assert answer["memory_mb"] > 0 and answer["cpu_seconds"] >= 0
    assert side._process.poll() is not None


@pytest.mark.parametrize(
    ("job", "command", "reason"),
    [
        ({"broken": True}, {"do": "work", "units": 1}, "cannot prepare"),
        ({"name": "echo"}, {"do": "work", "unit": 1}, "TypeError"),
        ({"name": "echo"}, {"do": "stop"}, "ended early"),
    ],
)
def test_a_process_that_fails_gives_a_reason(job, command, reason):
    with sides(Side(sys.executable, ECHO, job, 1)) as (side,), pytest.raises(Failed, match=reason):
        side.ask(LONG, **command)


def test_a_python_that_is_not_there_is_a_reason(tmp_path):
    with sides(Side(tmp_path / "python", ECHO, {}, 1)) as (side,), pytest.raises(Failed, match="does not start"):
        side.ask(LONG, do="work")


def test_a_whole_process_is_one_unit_of_work(tmp_path):
    answer = whole_process([sys.executable, "-c", "print(input())"], tmp_path, given="hello")(LONG)
    assert answer["work"] == 1 and answer["seconds"] > 0 and answer["memory_mb"] > 1


def test_what_this_process_holds_is_in_no_other_ones_peak():
    """Linux counts it into a process that is started meanwhile."""
    held, command = b"1" * (300 << 20), [sys.executable, "-c", "print(1)"]
    with sides(Side(sys.executable, ECHO, {"name": "small"}, 1)) as (side,):
        peaks = side.ask(LONG, do="work", units=1)["memory_mb"], whole_process(command)(LONG)["memory_mb"]
    assert len(held) and all(1 < each < 250 for each in peaks)


def test_what_a_command_took_is_that_of_its_largest_process():
    inner = "import time; x = b'1' * (200 << 20); time.sleep(0.2)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    answer = whole_process([sys.executable, "-c", outer])(LONG)
    assert 200 < answer["memory_mb"] < 300 and 0.2 < answer["seconds"] and 0 < answer["cpu_seconds"]


def test_a_command_that_a_signal_ends_has_failed(tmp_path):
    with pytest.raises(Failed, match="exit status 137"):
        whole_process([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], tmp_path)(LONG)


def test_a_whole_process_that_fails_says_its_last_words(tmp_path):
    with pytest.raises(Failed, match=r"no such cell \(exit status 3\)"):
        whole_process([sys.executable, "-c", "print('no such cell'); raise SystemExit(3)"], tmp_path)(LONG)


def test_a_process_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(Failed, match="longer than"):
        whole_process([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path)(0.2)
