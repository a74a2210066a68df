"""Our results in the form that claims are tested on: one row for each number and seed, or draw of the data.

Where there is one draw the training seeds stand in its place.
"""

from collections.abc import Iterator

import pandas as pd

from paper_tables.claims.evidence import evidence
from paper_tables.draws import Draws
from paper_tables.kinds import coldness
from paper_tables.kinds.accuracy import scaled
from paper_tables.lines import Line
from paper_tables.reported import KEYS
from paper_tables.spec.paper import Metric
from paper_tables.spec.specification import panel_cells, point_cell
from paper_tables.study import Study

COLUMNS = [*KEYS, "x", "seed", "value", "flags"]


def measured_evidence(study: Study, target: str) -> pd.DataFrame:
    """table: the number of a printed one (the first reading of a scale, all items ranked), or the target's name;
    control; figure3 … (x: the setting; no x for the plain anchor); sets (shares on the cards of the augmented sets).
    """
    rows: list[dict] = []
    for name in study.tables(target):
        kind = study.paper.kind(name)
        if kind == "curves":
            rows += _curves(study, name)
        elif kind == "coldness":
            rows += _groups(study, name)
        else:
            rows += [row for line in study.lines(name) for row in _shown(study, name, line)]
    return evidence(pd.DataFrame([*rows, *_beside(study, target)], columns=COLUMNS))


def _shown(study: Study, name: str, line: Line) -> Iterator[dict]:
    if line.headline:
        table = name if line.table is None else str(line.table)
        for metric in line.metrics:
            yield from _rows(study, line.result, metric, table, line, sampler="" if line.best else None)


def _beside(study: Study, target: str) -> Iterator[dict]:
    """The controls, and what the sets' cards say."""
    shares = study.paper.targets[target].get("shares", ())
    lines = [line for table in _compared(study) for line in study.lines(table) if study.leads(line.view)]
    for line in lines:
        if "control" in line.against and line.place.headline:
            for metric in line.metrics:
                yield from _rows(study, line.against["control"], metric, "control", line)
    for line in (line for line in lines if line.result.cell.treatment and line.place.headline):
        for result in line.result.finished:
            for seed in result.seeds:
                card = result.content["seeds"][seed].get("augmentation", {})
                for share in shares:
                    if card.get(share) is not None:
                        yield _row(
                            study, line, line.result, Metric(share, study.paper.selection.k), "sets", seed, card[share]
                        )


def _compared(study: Study) -> list[str]:
    """The tables whose treated rows have controls."""
    return [
        name
        for name in study.tables()
        if study.paper.kind(name) == "accuracy"
        and not any(
            pattern.get("best") or "vary" in pattern for pattern in study.paper.rows[study.paper.targets[name]["rows"]]
        )
    ]


def _curves(study: Study, figure: str) -> Iterator[dict]:
    plan = study.plan
    datasets, values = plan.figure(figure)
    for dataset in datasets:
        points = [(panel_cells(plan, figure, dataset)[0], float("nan"))]
        points += [
            (point_cell(plan, figure, dataset, strategy, x), float(x))
            for strategy in plan.lists["strategies"]
            for x in values
        ]
        for cell, x in points:
            for metric in study.paper.metrics:
                for row in _rows(study, Draws((study.read(cell),)), metric, figure, None):
                    yield row | {"x": x}


def _groups(study: Study, target: str) -> Iterator[dict]:
    counts, first = coldness.counts_below(study.results), next(iter(study.paper.views))
    for line in (line for line in study.lines(target) if line.view == first):
        [result] = line.result.results
        for group in coldness.GROUPS if result.done else ():
            for metric in line.metrics:
                values = coldness.in_group(result, counts, group, metric)
                if not isinstance(values, str) and len(values):
                    for seed, value in values.mean().items():
                        row = _row(study, line, line.result, metric, str(line.table), seed, value)
                        yield row | {"setting": f"popularity={group}"}


def _rows(
    study: Study, result: Draws, metric: Metric, table: str, line: Line | None, sampler: str | None = None
) -> Iterator[dict]:
    """A row for each draw that is done, or for each training seed of the one."""
    if not result.done:
        return
    values = scaled(study, result.values(metric.name, metric.k))
    alone = len(result.results) == 1
    seeds = result.seeds if alone else study.plan.draws_of(result)
    flags = [each.flags for each in (result.results * len(seeds) if alone else result.finished)]
    for seed, value, said in zip(seeds, values, flags, strict=True):
        row = _row(study, line, result, metric, table, seed, value) | {"flags": "; ".join(said)}
        yield row if sampler is None else row | {"sampler": sampler}


def _row(
    study: Study, line: Line | None, result: Draws, metric: Metric, table: str, seed: str | int, value: float
) -> dict:
    cell, name = result.cell, study.paper.printed_name
    return {
        "table": table,
        "dataset": line.dataset if line else cell.dataset,
        "setting": line.printed_setting if line else "",
        "anchor": name(cell.anchor),
        "method": name(cell.treatment) or "none",
        "sampler": cell.sampler,
        "metric": metric.name,
        "k": metric.k,
        "x": float("nan"),
        "seed": int(seed),
        "value": float(value),
        "flags": "; ".join(result.flags),
    }
