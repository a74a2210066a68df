"""What every benchmark is given: sizes, budget, threads, and how to get data and sides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from methods.cards import load_card
from workflow.benchmark import data
from workflow.benchmark.data import Data
from workflow.benchmark.turns import Side
from workflow.cells.provenance import ROOT
from workflow.lease import ENVIRONMENT, KEPT_MEMORY

# Beside the cards' settings, as at the scale `quick`: so both sides are given them where speed is measured.
SETTINGS = {"batch": 1024, "learning_rate": 0.01}
QUICK_USERS = 100


@dataclass(frozen=True)
class Bench:
    """seconds: the budget of the benchmark that runs; store: a folder that is removed afterwards; raw: a folder of raw
    files, or None; python, peer: the Pythons of this project and of RecBole."""

    quick: bool
    runs: int
    seconds: float
    threads: int
    device: str
    python: Path
    peer: Path
    store: Path
    results: Path
    raw: Path | None
    say: Callable[[str], None]

    @property
    def folder(self) -> Path:
        """What stays of it."""
        return self.results / "bench" if self.quick else self.results / "published" / "bench"

    def data(self, dataset: str, users: int | None = None) -> Data:
        """A data set, or so many of its users; at small sizes always a few."""
        found = data.find(dataset, self.store, self.results, self.raw)
        users = min(users or QUICK_USERS, QUICK_USERS) if self.quick else users
        return found if users is None else data.portion(found, users, self.store / "portions" / f"{dataset}.{users}")

    def settings(self, method: str, **changes: object) -> dict:
        return self.defaults(method, **{**self.shared(method), **changes})

    def defaults(self, method: str, **changes: object) -> dict:
        """The card's own, where accuracy is measured: with the larger steps above one seed in three diverges."""
        return load_card(method).configured(changes)

    def shared(self, method: str) -> dict:
        known = load_card(method).settings
        return {name: value for name, value in SETTINGS.items() if name in known}

    def engine(self, task: str, split: Data, method: str, settings: dict, **job: object) -> Side:
        """A process of this project's side (engine_side.py)."""
        job |= {"task": task, "split": str(split.folder.resolve()), "method": method, "settings": settings}
        return self.side("engine_side", self.python, job, ENVIRONMENT)

    def engines(self, count: int, *about: object, **job: object) -> list[Side]:
        """So many of them, one for each part that is measured: a process tells one peak of memory."""
        return [self.engine(*about, **job) for _ in range(count)]

    def recbole(self, split: Data, method: str, settings: dict) -> Side:
        """A process of RecBole's side (peer_side.py): a job's memory, and spinning as torch has it, which serves it."""
        job = {"split": str(split.folder.resolve()), "method": method, "settings": settings}
        return self.side("peer_side", self.peer, job, KEPT_MEMORY)

    def side(self, module: str, python: Path, job: dict, environment: Mapping[str, str]) -> Side:
        common = {"threads": self.threads, "device": self.device, "seed": 1, "folder": str(self.store)}
        return Side(python, f"workflow.benchmark.{module}", {**common, **job}, self.threads, environment)

    def told(self, what: str) -> Callable[[str], None]:
        return lambda message: self.say(f"{what} · {message}")


def relative(path: Path) -> Path:
    """Below the repository, wherever the command was typed."""
    return path if path.is_absolute() else ROOT / path
