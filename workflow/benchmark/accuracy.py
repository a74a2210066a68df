"""What whole fits reach on both sides of a comparison, and whether the sides are equivalent: from their lines alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, stdev

from scipy.stats import ttest_ind

from methods.cards import load_card
from workflow.benchmark.training import METHODS, RECBOLE

WINDOWS, ROWS = "windows", "a row for each target"
STARTED = "windows, from weights drawn as RecBole's"
COMPARED = ((WINDOWS, ROWS), (WINDOWS, RECBOLE), (STARTED, RECBOLE), (STARTED, WINDOWS))
WITHIN = 0.5  # points of NDCG@5, a tenth of what such a fit reaches: fixed before the first run
CONFIDENCE = 0.9  # of the interval that has to lie within: two one-sided tests, each at 5 %
LENGTH = "max_length"  # of every whole fit another than the card's


@dataclass(frozen=True)
class Group:
    """Fits that differ by side and seed alone. settings: as in their lines; sides: test NDCG@5 in percent of each seed,
    ascending."""

    method: str
    data: str
    source: str
    epochs: int
    settings: str
    sides: Mapping[str, Sequence[float]]

    @property
    def changed(self) -> str:
        """The settings that are not the card's, but for the length."""
        settings, card = json.loads(self.settings), load_card(self.method).settings
        unlike = (name for name, value in settings.items() if value != card.get(name) and name != LENGTH)
        return ", ".join(f"{name} {settings[name]}" for name in unlike)

    @property
    def name(self) -> str:
        return ", ".join(filter(None, [METHODS[self.method], self.changed, self.data]))

    @property
    def comparisons(self) -> list["Comparison"]:
        return [Comparison(self, *pair) for pair in COMPARED if set(pair) <= set(self.sides)]


@dataclass(frozen=True)
class Comparison:
    """`side` beside `other`, of the same fits."""

    group: Group
    side: str
    other: str

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Of the difference of means, `side` less `other`, by Welch; None where a side has one seed."""
        ours, others = self.group.sides[self.side], self.group.sides[self.other]
        if min(len(ours), len(others)) < 2:
            return None
        found = ttest_ind(ours, others, equal_var=False).confidence_interval(CONFIDENCE)
        return float(found.low), float(found.high)

    @property
    def equivalent(self) -> str:
        if self.interval is None:
            return "not shown"
        low, high = self.interval
        if -WITHIN <= low and high <= WITHIN:
            return "yes"
        if high < -WITHIN or WITHIN < low:
            return "no"
        if -WITHIN <= low:
            return "not shown; not worse"
        return "not shown; lower" if high < 0 else "not shown"

    def flat(self) -> dict[str, object]:
        """Columns of accuracy.csv."""
        group, (low, high) = self.group, self.interval or (None, None)
        columns: dict[str, object] = {
            "method": group.method, "data": group.data, "source": group.source, "epochs": group.epochs,
            LENGTH: json.loads(group.settings)[LENGTH], "changed": group.changed,
        }  # fmt: skip
        for name, side in (("ours", self.side), ("other", self.other)):
            values = group.sides[side]
            columns |= {f"{name}_name": side, name: mean(values), f"{name}_seeds": len(values)}
            columns[f"{name}_deviation"] = stdev(values) if len(values) > 1 else None
        return {**columns, "low": low, "high": high, "within": WITHIN, "equivalent": self.equivalent}


def gathered(fits: Iterable[Mapping[str, str]]) -> list[Group]:
    """The lines of fits.csv, in its order; of two of one seed the first."""
    found: dict[tuple, dict[str, dict[int, float]]] = {}
    for fit in fits:
        sides = found.setdefault(compared_as(fit), {})
        sides.setdefault(fit["side"], {}).setdefault(int(fit["seed"]), float(fit["ndcg"]))
    return [
        Group(*about, {side: [values[seed] for seed in sorted(values)] for side, values in sides.items()})
        for about, sides in found.items()
    ]


def compared_as(fit: Mapping) -> tuple[str, str, str, int, str]:
    """Fits that have this in common are compared: `Group` without its sides."""
    return fit["method"], fit["data"], kind(fit["source"]), int(fit["epochs"]), fit["settings"]


def kind(source: str) -> str:
    """Real or synthetic: where real data were found makes no other fit."""
    return source.partition(",")[0]


def beside_speed(rows: Iterable[Mapping], comparisons: Iterable[Comparison]) -> list[dict]:
    """The flat rows of the table, each with the means of this project and RecBole where they are known of its method
    and data, and the settings of those fits that are not the card's. A row that is of no one method has none."""
    of_peer = [each for each in comparisons if (each.side, each.other) == (WINDOWS, RECBOLE)]
    known = {
        (each.group.data, each.group.source, each.group.method): each
        for each in sorted(of_peer, key=lambda each: each.group.changed, reverse=True)  # the card's own win
    }
    result = []
    for row in rows:
        found = known.get((row["data"], kind(row["source"]), row["method"]))
        unknown = "not measured" if row["method"] else ""
        ours, other = (mean(found.group.sides[side]) if found else unknown for side in (WINDOWS, RECBOLE))
        changed = found.group.changed if found else ""
        result.append({**row, "parity_ours": ours, "parity_other": other, "parity_changed": changed})
    return result
