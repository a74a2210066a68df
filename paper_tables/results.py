"""Read what the cells left behind (formats: workflow/README.md). A cell is done, failed or not run, never a blank."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput, Damaged
from datasets.pipeline.files import open_json
from methods.cards import load_card
from methods.evaluation.metrics import per_user
from methods.evaluation.ranks import TOLERANCE
from paper_tables import nearly_observed
from paper_tables.cell import Cell
from paper_tables.checked import DONE, FAILED, ranks_fault, result_fault
from paper_tables.source import other_files
from paper_tables.units import has_episodes, members, part_of, per_unit

NOT_RUN = "not run"
MADE_BEFORE = "made before"  # a flag's first words
LAST_EPOCH = "last epoch reached"


@dataclass(frozen=True)
class Result:
    """One cell as it stands: `content` is its result.json, empty where the cell was not run; `sealed`: whether that has
    a checksum of what was written. candidates: which are ranked, of the headline unless they are named; group: whose
    users are looked at, all unless it is named (splits/<split>/users.csv); reads: what this calls a metric that is
    printed under another name."""

    cell: Cell
    status: str
    reason: str
    folder: Path
    content: dict = field(default_factory=dict)
    sealed: bool = True
    candidates: str = ""
    group: str = ""
    reads: Mapping[str, str] = field(default_factory=dict)

    def seen(self, view: Mapping) -> "Result":
        """The same in a view: which candidates, which group of users."""
        asked = {
            "candidates": view.get("candidates", ""),
            "group": view.get("group", ""),
            "reads": view.get("reads", {}),
        }
        return replace(self, **asked)

    @property
    def done(self) -> bool:
        return self.status == DONE

    @property
    def seeds(self) -> list[str]:
        return sorted(self.content.get("seeds", {}), key=int)

    @cached_property
    def reading(self) -> str:
        """The headline's candidates: `removed` if the method's card leaves out what the history holds, else `kept`."""
        return self.candidates or ("removed" if _excludes_seen(self.cell.anchor) else "kept")

    def values(self, metric: str, cutoff: int, part: str = "test", reading: str = "") -> np.ndarray:
        """The metric of every seed, as fractions; reading: of the headline unless it is named. Shape (seeds,)."""
        name = self.reads.get(metric, metric)
        reading, key = reading or self.reading, f"{name}@{cutoff}" if cutoff else name
        try:
            return np.array([self._metrics(seed)[part][reading][key] for seed in self.seeds])
        except KeyError as missing:
            raise BadInput(f"{self.folder / 'result.json'}: key {missing} is missing; run the cell again") from missing

    def _metrics(self, seed: str) -> dict:
        of = self.content["seeds"][seed]
        return of["groups"][self.group] if self.group else of["metrics"]

    def has(self, reading: str, part: str = "test") -> bool:
        """Whether the result was ranked in this reading, too; only some data have sampled candidates."""
        return bool(self.seeds) and all(reading in self._metrics(seed)[part] for seed in self.seeds)

    def per_user(self, metric: str, cutoff: int, reading: str = "") -> pd.Series | None:
        """The metric of every test user, averaged over the seeds first, indexed by user. None if ranks are missing."""
        values = self.per_seed(metric, cutoff, reading)
        return None if values is None else values.mean(axis=1)

    def per_seed(self, metric: str, cutoff: int, reading: str = "") -> pd.DataFrame | None:
        """The metric of every test user (rows) and seed (columns, as in result.json). None if ranks are missing. Read
        it, never change it: it is kept."""
        key = metric, cutoff, reading or self.reading
        if self._ranks is None:
            return None
        if key not in self._kept:
            self._kept[key] = self._measured(*key)
        return self._kept[key]

    def per_unit(self, metric: str, view: str = "", group: str = "") -> pd.Series | None:
        """The metric, such as `ndcg@5` or `return`, of every unit of the test: of each user, decision or episode, as
        the view has them (units.py)."""
        return per_unit(self, metric, view, group)

    @cached_property
    def _kept(self) -> dict[tuple, pd.DataFrame]:
        return {}

    def _measured(self, metric: str, cutoff: int, reading: str) -> pd.DataFrame:
        values = {
            seed: per_user(
                metric, int(cutoff), ranks[f"above_{reading}"].to_numpy(), ranks[f"ties_{reading}"].to_numpy()
            )
            for seed, ranks in self._ranks.items()
        }
        for seed, each in values.items():  # costs nothing here; `make retry` looks at all metrics of all results
            self._agree(seed, f"{metric}@{cutoff}", reading, float(np.mean(each)))
        users = {seed: ranks["user"].to_numpy() for seed, ranks in self._ranks.items()}
        first = next(iter(users.values()))
        if all(np.array_equal(first, others) for others in users.values()):
            return pd.DataFrame(values, index=pd.Index(first, name="user"))
        return pd.DataFrame({seed: pd.Series(each, index=users[seed]) for seed, each in values.items()})

    def _agree(self, seed: str, metric: str, reading: str, measured: float) -> None:
        """BadInput where the result says something else than its ranks, whatever its checksum."""
        said = self._metrics(seed)["test"].get(reading, {}).get(metric)
        if said is not None and abs(said - measured) > TOLERANCE:
            raise BadInput(
                f"{self.folder / 'result.json'}: seed {seed}: test {reading} {metric} is {said}, its ranks give "
                f"{measured:.6f}; make retry takes it away"
            )

    def ranks(self, part: str) -> dict[str, pd.DataFrame] | None:
        """The ranks of every seed for `part`, test or validation, read anew. None if a seed's ranks are missing."""
        if not self._has_ranks:
            return None
        found = {seed: part_of(file, part) for seed, file in self._rank_files.items()}
        if not self.group:
            return found
        inside = members(self, self.group)
        return {seed: ranks[ranks["user"].isin(inside)].reset_index(drop=True) for seed, ranks in found.items()}

    @property
    def _results(self) -> Path:
        """results/<scale>."""
        return self.folder.parents[len(self.cell.identifier.split("/"))]

    @cached_property
    def _ranks(self) -> dict[str, pd.DataFrame] | None:
        return self.ranks("test")

    @property
    def _has_ranks(self) -> bool:
        return bool(self._rank_files) and all(file.is_file() for file in self._rank_files.values())

    @property
    def _rank_files(self) -> dict[str, Path]:
        return {seed: self.folder / f"seed-{seed}.ranks.parquet" for seed in self.seeds}

    @property
    def users(self) -> int | None:
        """Number of test users."""
        return None if self._ranks is None else len(next(iter(self._ranks.values())))

    @property
    def finished(self) -> tuple["Result", ...]:
        """Itself, where it is done (of several draws of a data set, those that are: draws.py)."""
        return (self,) if self.done else ()

    def pairs_with(self, other: "Result") -> list[tuple["Result", "Result"]]:
        """What is compared with what (of several draws of a data set: draws.py)."""
        return [(self, other)] if self.done and other.done else []

    @property
    def cards(self) -> list[dict]:
        """What each seed says of its augmented set; none where the cell is not done."""
        return [self.content["seeds"][seed].get("augmentation", {}) for seed in self.seeds] if self.done else []

    @property
    def identifier(self) -> str:
        return self.cell.identifier

    def setting(self, role: str, key: str) -> object:
        """A setting of the cell's `anchor` or `treatment`; None where it has no such setting."""
        return self.content.get("settings", {}).get(role, {}).get(key)

    @cached_property
    def flags(self) -> list[str]:
        """What a reader must know before using the numbers."""
        flags = []
        split = self.content.get("provenance", {}).get("split", {})
        if self.done and not (split.get("verified", True) and not other_files(self._results, self.cell.dataset)):
            flags.append("unverified source")
        # a control is trained as long as its cell, whatever it still learns
        if self.cell.variant != "control" and any(
            not seed.get("stopped_early", True) for seed in self.content.get("seeds", {}).values()
        ):
            flags.append(LAST_EPOCH)
        empty = sum("same_as" in seed for seed in self.content.get("seeds", {}).values())
        if empty:
            flags.append(f"no sequence left in {empty} of {len(self.seeds)} seeds")
        if nearly_observed.nearly_observed(self.cards):
            flags.append(nearly_observed.FLAG)
        if self.done and not (self._has_ranks or has_episodes(self.folder, self.seeds)):
            flags.append("ranks missing: not checkable")
        elif self.done and not self.sealed:
            flags.append("no checksum: not checkable")
        if later := self._made_later:
            flags.append(f"{MADE_BEFORE} {' and '.join(later)} {'was' if len(later) == 1 else 'were'} run again")
        return flags

    @property
    def _results(self) -> Path:
        """results/<scale>"""
        return self.folder.parents[len(self.cell.identifier.split("/"))]

    @property
    def _made_later(self) -> list[str]:
        """The cells that this one builds on and that were finished after it: what is paired with them is of a mixed
        run, as while a run goes on or after one that was stopped."""
        finished = self.content.get("provenance", {}).get("finished", "")
        if not (finished and self.cell.treatment):
            return []
        before = [replace(self.cell, treatment="", sampler="", variant="")]
        before += [replace(before[0], anchor=self.cell.sampler)] if self.cell.sampler else []
        before += [replace(self.cell, variant="")] if self.cell.variant == "control" else []
        made = {cell.name: read_result(cell, self._results).content.get("provenance", {}) for cell in before}
        return [name for name, record in made.items() if record.get("finished", "") > finished]


@cache
def _excludes_seen(method: str) -> bool:
    return bool(load_card(method).exclude_seen)


def read_result(cell: Cell, results: Path) -> Result:
    """The result of a cell below `results/<scale>`. One that is not as it was written, or that its ranks disprove, is
    failed."""
    folder = cell.folder(results)
    file = folder / "result.json"
    if not file.is_file():
        return Result(cell, NOT_RUN, "no result yet", folder)
    try:
        content, sealed = open_json(file)
        if fault := result_fault(content) or ranks_fault(folder, content):
            raise Damaged(file, fault)
    except Damaged as error:
        return Result(cell, FAILED, str(error), folder)
    return Result(cell, content["status"], content.get("reason", ""), folder, content, sealed)
