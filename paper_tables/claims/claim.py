"""An entry of `paper_tables/papers/<paper>/claims.yaml`, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml
from paper_tables.claims.evidence import DERIVED, KEYS

PAPERS = Path(__file__).parents[1] / "papers"
DATASETS, SEEDS, EXACT = "datasets", "seeds", "exact"
UNITS = (DATASETS, SEEDS, EXACT)
BOUNDS = ("above", "at_least", "below", "at_most")
RELATIONS = ("above", "at_least", "below", "at_most", "equal")
CURVES = ("peak", "best", "last", "spread", "trend", "middle", "reach")
# kind -> (fields that it must have, fields that it may have), besides `kind`; kinds.py says what each means
KINDS = {
    "pairs": ({"a", "b", "same", "relation"}, {"best", "curve"}),
    "gain": ({"a", "b", "same"}, {"best", "summary"}),
    "contrast": ({"a", "b", "same", "first", "second"}, {"best", "summary"}),
    "winners": ({"same", "winner"}, set()),
    "within": ({"range"}, {"curve"}),
    "level": (set(), set()),
    "part": ({"a", "b", "c", "same"}, set()),
}
FILTERS = ("a", "b", "c", "first", "second", "winner")


@dataclass(frozen=True)
class Claim:
    """One claim. `cells` and `statistic` say how it is tested, `support` and `contradiction` what decides it.

    unit: what the uncertainty of our answer is over: whole data sets, the seeds of the data sets that the claim
    names, or nothing (exact), where a single cell settles it. asked_by: paper, or us.
    """

    id: str
    wording: str
    where: str
    cells: Mapping
    statistic: Mapping
    support: Mapping[str, float]
    contradiction: Mapping[str, float]
    unit: str = DATASETS
    asked_by: str = "paper"
    why: str = ""

    @property
    def everywhere(self) -> bool:
        """Whether the claim leaves no exception, so that one clear counterexample speaks against it."""
        return self.statistic["kind"] == "pairs" and self.support == {"at_least": 1}

    @property
    def number(self) -> str:
        """What the statistic's value is counted in."""
        return {"gain": "percent", "contrast": "percentage points"}.get(self.statistic["kind"], "share")


@cache
def claims(paper: str) -> tuple[Claim, ...]:
    """The claims of a paper, in the order of its file. Raises BadInput with the entry and key that is wrong."""
    file = PAPERS / paper / "claims.yaml"
    return read_claims(parse_yaml(file.read_text(encoding="utf-8")), str(file))


def read_claims(entries: object, where: str) -> tuple[Claim, ...]:
    if not isinstance(entries, list):
        raise BadInput(f"{where}: expected a list of claims")
    found = tuple(_claim(entry, f"{where}: entry {number}") for number, entry in enumerate(entries, start=1))
    names = [claim.id for claim in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadInput(f"{where}: id {', '.join(sorted(twice))} stands more than once")
    return found


def _claim(entry: object, where: str) -> Claim:
    if not isinstance(entry, Mapping):
        raise BadInput(f"{where}: expected a mapping")
    where = f"{where} ({entry.get('id', 'without an id')})"
    needed = {"id", "wording", "where", "cells", "statistic", "support", "contradiction"}
    _keys(where, entry, needed, {"unit", "asked_by", "why"})
    statistic = entry["statistic"]
    _one_of(f"{where}: statistic.kind", statistic.get("kind") if isinstance(statistic, Mapping) else None, KINDS)
    must, may = KINDS[statistic["kind"]]
    _keys(f"{where}: statistic", statistic, must | {"kind"}, may)
    for name in ("cells", *(name for name in FILTERS if name in statistic)):
        _filter(f"{where}: {name}", entry["cells"] if name == "cells" else statistic[name])
    _filter(f"{where}: same", dict.fromkeys(statistic.get("same", ()), ""))
    for name, allowed in (("relation", RELATIONS), ("curve", CURVES), ("summary", ("mean", "median"))):
        if name in statistic:
            _one_of(f"{where}: statistic.{name}", statistic[name], allowed)
    for name, bounds in (
        ("support", entry["support"]),
        ("contradiction", entry["contradiction"]),
        ("statistic.range", statistic.get("range", {"above": 0})),
    ):
        _keys(f"{where}: {name}", bounds, set(), set(BOUNDS))
        if not all(isinstance(bound, int | float) for bound in bounds.values()) or not bounds:
            raise BadInput(f"{where}: {name}: expected numbers under {', '.join(BOUNDS)}")
    _one_of(f"{where}: unit", entry.get("unit", DATASETS), UNITS)
    _one_of(f"{where}: asked_by", entry.get("asked_by", "paper"), ("paper", "us"))
    return Claim(**entry)


def _keys(where: str, entry: object, needed: set[str], allowed: set[str]) -> None:
    if not isinstance(entry, Mapping):
        raise BadInput(f"{where}: expected a mapping, got {entry!r}")
    if missing := needed - set(entry):
        raise BadInput(f"{where}: key {', '.join(sorted(missing))} is missing")
    if unknown := set(entry) - needed - allowed:
        raise BadInput(f"{where}: unknown key {', '.join(sorted(map(str, unknown)))}")


def _filter(where: str, cells: object) -> None:
    if not isinstance(cells, Mapping):
        raise BadInput(f"{where}: expected a mapping of keys to values, got {cells!r}")
    for key in cells:
        if key not in (*KEYS, *DERIVED, "x") and not str(key).startswith("setting."):
            raise BadInput(f"{where}: unknown key '{key}'; one of {', '.join((*KEYS, *DERIVED, 'x'))}, setting.<name>")


def _one_of(where: str, value: object, allowed: object) -> None:
    if value not in allowed:
        raise BadInput(f"{where}: unknown '{value}'; one of {', '.join(allowed)}")
