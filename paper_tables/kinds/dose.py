"""Could a gain have been seen? Each anchor in worlds whose truth is known, trained with an oracle's answers, of which a
rate is wrong: the gain over the plain anchor falls from that of true answers (positive control) to that of wrong ones
(negative control). Beside the curve stand the random control, and the paper's own treatments at their measured rates.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from datasets.pipeline.split_name import SplitName
from paper_tables import marks
from paper_tables.cell import Cell
from paper_tables.draws import Draws
from paper_tables.kinds.dose_picture import picture, render
from paper_tables.kinds.sets import means, numbers
from paper_tables.spec.dose import CONTROL, Dose
from paper_tables.statistics import Difference
from paper_tables.study import Study

ORACLE, TREATMENT = "oracle", "treatment"
MARKED = False  # its own draws are
COLUMNS = (
    "dataset setting anchor kind method sampler metric k unit rate x status reason mean plain_mean gain low high "
    "p_value detectable over_control over_control_low over_control_high break_even break_even_low break_even_high "
    "draws users flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each world and anchor, and rate of the oracle, control, treatment of the paper. gain: over the plain
    anchor, in percentage points of the last metric, with its 95 % interval of two levels, whose upper level is the draw
    of the world. x: the measured rate of wrong answers. break_even: the rate at which the gain is gone, over the draws'
    mean, and the lowest and highest of the single draws (over the rates asked for).
    """
    rows, dose = [], study.plan.dose
    for setting, splits in dose.worlds.items() if dose else ():
        for anchor in dose.anchors:
            rows += _panel(study, dose, setting, splits, anchor)
    rows = pd.DataFrame(rows, columns=COLUMNS)
    return marks.with_marks(rows, study.results, dose.draws if dose else {})


def _panel(study: Study, dose: Dose, setting: str, splits: Sequence[str], anchor: str) -> list[dict]:
    def draws(cell_of: Callable[[str], Cell]) -> Draws:
        return Draws(tuple(study.read(cell_of(split)) for split in splits))

    metric, cutoff = study.paper.metrics[-1].name, study.paper.metrics[-1].k
    plain = draws(lambda split: Cell(dose.paper, split, anchor))
    control = draws(lambda split: dose.control(split, anchor))
    asked = [(ORACLE, rate, draws(lambda split, rate=rate: dose.point(split, anchor, rate))) for rate in dose.rates]
    asked.append((CONTROL, np.nan, control))
    for name in dose.treatments:
        asked.append((TREATMENT, np.nan, draws(lambda split, name=name: dose.treated(split, anchor, name))))
    rows = []
    for kind, rate, result in asked:
        cell = result.cell
        row = {
            "dataset": SplitName.of(splits[0]).dataset,
            "setting": setting,
            "anchor": anchor,
            "kind": kind,
            "method": cell.treatment,
            "sampler": cell.sampler,
            "metric": metric,
            "k": cutoff,
            "unit": "percentage points",
            "rate": rate,
            "x": rate if kind == ORACLE else _error(dose, result) if kind == TREATMENT else np.nan,
            "status": result.status,
            "reason": result.reason,
            "draws": len(result.finished),
            "users": result.users,
            "flags": "; ".join(result.flags),
        }
        found, base = gain(result, plain, metric, cutoff), gain(result, control, metric, cutoff)
        if found:
            row |= {"mean": _mean(result, metric, cutoff), "plain_mean": _mean(plain, metric, cutoff)}
            row |= {"gain": found.mean, "p_value": found.p_value(), "detectable": found.detectable()}
            row["low"], row["high"] = found.interval()
        if base and kind == ORACLE:
            row["over_control"] = base.mean
            row["over_control_low"], row["over_control_high"] = base.interval()
        rows.append(row)
    curves = [_gains(result, plain, metric, cutoff) for kind, _, result in asked if kind == ORACLE]
    for row in rows:
        row |= _break_even(dose.rates, curves) if row["kind"] == ORACLE else {}
    return rows


def bars(study: Study) -> list[list[str]]:
    """(what, expected, measured, verdict) of the bars that the harness is held to, in the worlds in which true answers
    must help: in how many panels each is cleared. The intervals are those of two levels."""
    if study.plan.dose is None:
        return []
    return held(study.plan.dose, frame(study, "dose"))


def held(dose: Dose, rows: pd.DataFrame) -> list[list[str]]:
    rows = rows[rows["gain"].notna() & rows["setting"].isin(dose.must)]
    curves = [own for _, own in rows[rows["kind"] == ORACLE].groupby(["setting", "anchor"], sort=False)]
    first, last = [curve.iloc[0] for curve in curves], [curve.iloc[-1] for curve in curves]
    known = [row["over_control_low"] > 0 for row in first if row["over_control"] == row["over_control"]]
    return [
        _bar("true answers above the anchor alone, beyond the interval", [row["low"] > 0 for row in first]),
        _bar("true answers above their random control, beyond the interval", known),
        _bar("the gain falls with the rate of wrong answers", list(map(falls, curves))),
        _bar("wrong answers below the anchor alone", [row["gain"] < 0 for row in last if row["rate"] == 1]),
    ]


def _bar(what: str, outcomes: list[bool]) -> list[str]:
    if not outcomes:
        return [what, "all", "", "not run"]
    return [what, "all", f"{sum(outcomes)} of {len(outcomes)}", "holds" if all(outcomes) else "does not hold"]


def falls(curve: pd.DataFrame) -> bool:
    """Whether a curve falls as a whole, and at no step rises beyond its own interval."""
    gains, half = curve["gain"].to_numpy(), ((curve["high"] - curve["low"]) / 2).to_numpy()
    steps = np.diff(gains)
    return bool(gains[-1] < gains[0] and not (steps > np.maximum(half[1:], half[:-1])).any())


def gain(result: Draws, other: Draws, metric: str, cutoff: int) -> Difference | None:
    """`result` minus `other` in percentage points, over the draws that both have; None without any."""
    blocks = []
    for own, its in result.pairs_with(other):
        ours, theirs = own.per_seed(metric, cutoff), its.per_seed(metric, cutoff)
        if ours is not None and theirs is not None:
            seeds = [seed for seed in ours.columns if seed in theirs.columns]
            blocks.append(100 * (ours[seeds] - theirs[seeds]).to_numpy().T)
    return Difference.of_draws(blocks) if blocks else None


def break_even(rates: Iterable[float], gains: Iterable[float]) -> float:
    """The first rate at which a curve of gains comes down to 0, linear between the rates asked for. 0 where it never
    was above, infinite where it never comes down."""
    points = list(zip(rates, gains, strict=True))
    if points and points[0][1] <= 0:
        return 0.0
    for (before, high), (after, low) in zip(points, points[1:], strict=False):
        if low <= 0 < high:
            return before + (after - before) * high / (high - low)
    return float("inf")


def _break_even(rates: tuple[float, ...], curves: list[dict[str, float]]) -> dict:
    """curves: at each rate the gain of each draw."""
    shared = [draw for draw in (curves[0] if curves else ()) if all(draw in each for each in curves)]
    if not shared:
        return {}
    single = [break_even(rates, [each[draw] for each in curves]) for draw in shared]
    of_mean = break_even(rates, [np.mean([each[draw] for draw in shared]) for each in curves])
    return {"break_even": of_mean, "break_even_low": min(single), "break_even_high": max(single)}


def _gains(result: Draws, plain: Draws, metric: str, cutoff: int) -> dict[str, float]:
    """Of each draw that both have."""
    pairs = result.pairs_with(plain)
    return {
        own.cell.split: 100 * (own.values(metric, cutoff).mean() - its.values(metric, cutoff).mean())
        for own, its in pairs
    }


def _mean(result: Draws, metric: str, cutoff: int) -> float:
    return 100 * float(np.mean([each.values(metric, cutoff).mean() for each in result.finished]))


def _error(dose: Dose, result: Draws) -> float:
    """The rate of wrong answers of a treatment, as its cards say."""
    return means([numbers(card) for card in result.cards if card]).get(dose.error, float("nan"))


__all__ = ["frame", "picture", "render"]
