"""Sides of a comparison take turns, A B A B, each in a process of its own, so that its peak of memory is its own."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from workflow.benchmark.machine import busy_seconds
from workflow.benchmark.measured import Measured
from workflow.cells.provenance import ROOT

STARTED = Path(__file__).with_name("started.py")


class Failed(Exception):
    """A side gave no answer; the message says why."""


LONGEST_TURN = 1800.0  # seconds until a side counts as hanging, where its budget is smaller

# A turn of one side, in at most so many seconds: `seconds`, `work`, `cpu_seconds`, `memory_mb`, and what else it tells.
Player = Callable[[float], dict]


def in_turn(
    players: Mapping[str, Player],
    runs: int,
    seconds: float,
    say: Callable[[str], None],
    cost: Callable[[dict], float] = lambda answer: answer["seconds"] / answer["work"],
    warm_up: bool = True,
) -> dict[str, Measured]:
    """Let every side have a first turn that does not count, then `runs` turns that do, one side after another.

    Ends early, after at least one turn of each, when `seconds` are over. A side that fails is left out from then on,
    without stopping the others. cost: from an answer to the value of a run, by default seconds for a unit of work.
    """
    answers: dict[str, list[dict]] = {name: [] for name in players}
    reasons: dict[str, str] = {}
    before = ["warming up"] if warm_up else []
    rounds = [(head, players) for head in (*before, *(f"run {turn} of {runs}" for turn in range(1, runs + 1)))]
    for name, answer in take_turns(rounds, seconds, say, reasons, always=len(before) + 1):
        answers[name].append(answer)
    return {
        name: Measured(reason=reasons[name]) if name in reasons else measured(found[len(before) :], cost)
        for name, found in answers.items()
    }


def take_turns(
    rounds: Iterable[tuple[str, Mapping[str, Player]]],
    seconds: float,
    say: Callable[[str], None],
    reasons: dict[str, str],
    always: int = 1,
    told: Callable[[dict], str] = lambda answer: "",
) -> Iterator[tuple[str, dict]]:
    """Each side's name and answer, as its turn ends: with `busy_elsewhere`, the cores that others kept busy meanwhile.

    rounds: what each is called, and who plays in it. They end early, after `always` of them, when `seconds` are over. A
    side that fails is left out from then on, and `reasons` says why. told: what to say beside an answer's seconds.
    """
    end = time.monotonic() + seconds
    for place, (head, players) in enumerate(rounds):
        if place >= always and time.monotonic() > end:
            break
        for name, play in players.items():
            if name in reasons:
                continue
            left = max(0.0, end - time.monotonic())
            say(f"{head}: {name}, at most {left / 60:.0f} min left")
            before, begun = busy_seconds(), time.monotonic()
            try:
                answer = play(max(seconds, LONGEST_TURN))
            except Failed as failure:
                reasons[name] = str(failure)
                continue
            say(f"{head}: {name} took {answer['seconds']:.3g} s{told(answer)}")
            elsewhere = _elsewhere(before, time.monotonic() - begun, answer["cpu_seconds"])
            yield name, {**answer, "busy_elsewhere": elsewhere}


def measured(answers: Sequence[dict], cost: Callable[[dict], float]) -> Measured:
    """Answers as one side of a comparison."""
    busy = [answer["busy_elsewhere"] for answer in answers if answer["busy_elsewhere"] is not None]
    return Measured(tuple(map(cost, answers)), max(map(peak, answers)), max(busy, default=None))


def peak(answer: dict) -> float:
    """MiB on the device, where it has memory of its own, else of the process."""
    return answer.get("device_memory_mb", answer["memory_mb"])


def _elsewhere(before: float | None, seconds: float, own: float) -> float | None:
    """Cores that others kept busy, where the system tells."""
    after = busy_seconds()
    return None if before is None or after is None else round(max(0.0, (after - before - own) / seconds), 2)


class Side:
    """A process that prepares once and then takes turns (protocol.py). Its words go into a file beside `log`."""

    def __init__(
        self, python: str | Path, module: str, job: Mapping, threads: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = tempfile.TemporaryFile()
        self._process = None
        self._start = [str(python), "-m", module, json.dumps(job)]
        limits = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self._environment = {**os.environ, **(environment or {}), **limits}

    def ask(self, seconds: float, /, **command: object) -> dict:
        """The answer to a command; Failed where none comes in time. The process starts with its first command."""
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    self._start, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=self._log, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise Failed(f"{self._start[0]} does not start: {error.strerror}") from None
            self._answer(seconds)
        try:
            self._process.stdin.write(f"{json.dumps(command)}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise Failed(f"ended early: {self._last_words()}") from None
        return self._answer(seconds)

    def player(self, **command: object) -> Player:
        return lambda seconds: self.ask(seconds, **command)

    def close(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process.stdin.close()
            self._process.stdout.close()
        self._log.close()

    def _answer(self, seconds: float) -> dict:
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            _end(self._process)
            raise Failed(f"took longer than {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise Failed(f"ended early: {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _last_words(self) -> str:
        self._process.wait()
        return _last_line(self._log) or f"exit status {self._process.returncode}"


@contextmanager
def sides(*made: Side) -> Iterator[tuple[Side, ...]]:
    """The sides, ended afterwards whatever happens."""
    try:
        yield made
    finally:
        for side in made:
            side.close()


def whole_process(
    command: list[str | Path], folder: Path = ROOT, given: str = "", environment: Mapping[str, str] | None = None
) -> Player:
    """A player that runs a command from its start to its end, as one unit of work. given: its standard input."""

    def play(seconds: float) -> dict:
        with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as took:
            source.write(given.encode())
            source.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-IS", STARTED, str(took.fileno()), *map(str, command)], cwd=folder,
                env={**os.environ, **(environment or {})}, stdin=source, stdout=words, stderr=words,
                pass_fds=[took.fileno()], start_new_session=True,
            )  # fmt: skip
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                raise Failed(f"took longer than {seconds:.0f} s") from None
            if status:
                raise Failed(f"{_last_line(words)} (exit status {status})")
            took.seek(0)
            taken, cpu, peak = map(float, took.read().split())
            return {"seconds": taken, "work": 1, "cpu_seconds": cpu, "memory_mb": peak}

    return play


def _end(process: subprocess.Popen) -> None:
    """End a process that was started here, with all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_line(file) -> str:
    file.seek(0)
    lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
