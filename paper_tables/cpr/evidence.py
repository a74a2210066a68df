"""Our results of CPR in the form that claims are tested on: one row for each number and draw of the data.

Where there is one draw (MIND, or a scale with one data seed) the training seeds stand in its place.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from paper_tables.claims.evidence import evidence
from paper_tables.cpr import coldness
from paper_tables.cpr.lines import Read, SettingLine, filter_lines, main_lines, mind_setting, table1_settings
from paper_tables.cpr.plan import MEASURES, MIND, SYNTHETIC, Plan
from paper_tables.cpr.printed import names, printed_setting
from paper_tables.reported import KEYS
from paper_tables.results import Result

COLUMNS = [*KEYS, "x", "seed", "value", "flags"]


def measured_evidence(plan: Plan, read: Read, results: Path) -> pd.DataFrame:
    """table: 1 to 4 as printed, of the scale's first reading with all items ranked; fractions."""
    first = plan.readings[0]
    lines = [(1, line) for line in main_lines(plan, read, table1_settings(plan)) if line.of.reading == first]
    lines += [(2, line) for line in filter_lines(plan, read) if line.of.reading == first and line.k is not None]
    lines += [(3, line) for line in main_lines(plan, read, [mind_setting()])]
    rows = [row for table, line in lines for row in _rows(plan, table, line)]
    return evidence(pd.DataFrame([*rows, *_coldness(plan, read, results)], columns=COLUMNS))


def _rows(plan: Plan, table: int, line: SettingLine) -> Iterator[dict]:
    setting = printed_setting(table, line.of, line.k)
    for seed, result, value_of in _units(plan, line):
        for metric in MEASURES.metrics:
            yield _row(table, setting, result, metric, seed, value_of(metric))


def _units(plan: Plan, line: SettingLine) -> Iterator[tuple]:
    """(seed, result, function that gives the value of a metric) of each draw, or of each training seed of the one."""
    if len(line.result.results) == 1:
        [result] = line.result.results
        for place, seed in enumerate(result.seeds if result.done else []):
            yield seed, result, lambda metric, of=result, at=place: of.values(metric, MEASURES.cutoff)[at]
        return
    for seed, result in zip(plan.data_seeds, line.result.results, strict=True):
        if result.done:
            yield seed, result, lambda metric, of=result: of.values(metric, MEASURES.cutoff).mean()


def _coldness(plan: Plan, read: Read, results: Path) -> Iterator[dict]:
    counts = coldness.counts_below(results)
    for line in coldness.shown_lines(plan, read):
        [result] = line.result.results
        for group in coldness.GROUPS if result.done else ():
            for metric in MEASURES.metrics:
                values = coldness.in_group(result, counts, group, "all", metric)
                if not isinstance(values, str) and len(values):
                    for seed, value in values.mean().items():
                        yield _row(4, f"popularity={group}", result, metric, seed, value)


def _row(table: int, setting: str, result: Result, metric: str, seed: str | int, value: float) -> dict:
    anchor, method = names(result.cell.anchor, result.cell.treatment)
    return {
        "table": str(table),
        "dataset": MIND if table in (3, 4) else SYNTHETIC,
        "setting": setting,
        "anchor": anchor,
        "method": method,
        "sampler": "",
        "metric": metric,
        "k": MEASURES.cutoff,
        "x": float("nan"),
        "seed": int(seed),
        "value": float(value),
        "flags": "; ".join(result.flags),
    }
