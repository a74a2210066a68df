"""Repeated measurements, and a line of the table: medians, spreads, ratios, and whether a bar is reached."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Measured:
    """One side of a comparison. values: one for each run; reason: why there are none, or not as many as wanted.

    memory_mb: peak of the process, in MiB; busy_elsewhere: the most cores that other processes kept busy meanwhile.
    """

    values: tuple[float, ...] = ()
    memory_mb: float | None = None
    busy_elsewhere: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.values and not self.reason:
            raise ValueError("neither a value nor a reason why there is none")

    @property
    def median(self) -> float | None:
        return median(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """(largest - smallest) / median; None of a single run."""
        several = len(self.values) > 1 and self.median
        return (max(self.values) - min(self.values)) / self.median if several else None

    def each(self, change: Callable[[float], float]) -> "Measured":
        """The same in another unit."""
        return Measured(tuple(map(change, self.values)), self.memory_mb, self.busy_elsewhere, self.reason)


@dataclass(frozen=True)
class Bar:
    """What is to be reached. of: `ratio` (at least `limit` times as good as the other side), `floor` (at most `limit`
    times the floor's cost) or `value` (at most `limit` in the row's unit)."""

    of: str
    limit: float

    def __str__(self) -> str:
        beside = {"ratio": " times as good", "floor": " times the floor", "value": ""}[self.of]
        return f"at {'least' if self.of == 'ratio' else 'most'} {self.limit:g}{beside}"


@dataclass(frozen=True)
class Row:
    """A line of the table. `ours`, `other` and `floor` are in `unit`; where `more` is true, more of it is better."""

    benchmark: str
    what: str
    data: str
    source: str
    unit: str
    ours: Measured
    other: Measured | None = None
    other_name: str = ""
    floor: Measured | None = None
    floor_name: str = ""
    more: bool = False
    bar: Bar | None = None
    method: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the other side: from medians."""
        return _times(self.ours, self.other, self.more)

    @property
    def of_floor(self) -> float | None:
        """How many times the cost of the floor: from medians."""
        return _times(self.floor, self.ours, self.more)

    @property
    def met(self) -> bool | None:
        """None where there is no bar, or not what it needs."""
        if self.bar is None:
            return None
        value = {"ratio": self.ratio, "floor": self.of_floor, "value": self.ours.median}[self.bar.of]
        if value is None:
            return None
        return value >= self.bar.limit if self.bar.of == "ratio" else value <= self.bar.limit

    def flat(self) -> dict[str, object]:
        """Columns of the table, without those of the machine."""
        columns: dict[str, object] = {
            name: getattr(self, name) for name in ("benchmark", "what", "method", "data", "source", "unit")
        }
        columns["better"] = "more" if self.more else "less"
        for name in ("ours", "other", "floor"):
            side: Measured | None = getattr(self, name)
            if name != "ours":
                columns[f"{name}_name"] = getattr(self, f"{name}_name")
            values = side.values if side else ()
            columns |= {
                name: side.median if side else None,
                f"{name}_low": min(values, default=None),
                f"{name}_high": max(values, default=None),
                f"{name}_spread": side.spread if side else None,
                f"{name}_runs": len(values),
                f"{name}_memory_mb": side.memory_mb if side else None,
            }
        columns |= {"ratio": self.ratio, "of_floor": self.of_floor}
        columns |= {"bar": str(self.bar or ""), "met": {True: "yes", False: "no", None: ""}[self.met]}
        sides = [side for side in (self.ours, self.other, self.floor) if side]
        columns["busy_elsewhere"] = max((s.busy_elsewhere for s in sides if s.busy_elsewhere is not None), default=None)
        columns["status"] = "failed" if not self.ours.values else "failed in part" if _reasons(self) else "done"
        columns["reason"] = "; ".join(_reasons(self))
        return columns


def failed(benchmark: str, what: str, reason: str, data: str = "", source: str = "", unit: str = "") -> Row:
    """A benchmark that gave nothing, as a line that says why."""
    return Row(benchmark, what, data, source, unit, Measured(reason=reason))


def _times(cost: Measured | None, reference: Measured | None, more: bool) -> float | None:
    """For costs `reference / cost`, for rates `cost / reference`."""
    if cost is None or reference is None or not cost.median or not reference.median:
        return None
    return cost.median / reference.median if more else reference.median / cost.median


def _reasons(row: Row) -> list[str]:
    ours = "this project" if row.other else ""
    sides = ((ours, row.ours), (row.other_name, row.other), (row.floor_name, row.floor))
    return [": ".join(filter(None, (name, side.reason))) for name, side in sides if side and side.reason]
