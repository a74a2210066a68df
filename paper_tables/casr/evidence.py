"""Our results of CASR in the form that claims are tested on: one row for each cell, metric and seed."""

from collections.abc import Callable, Iterator

import pandas as pd

from paper_tables.casr.accuracy import CUTOFF, METRICS, table2_lines, table3_lines
from paper_tables.casr.plan import FIGURES, Plan
from paper_tables.casr.specification import augmented, figure_datasets, figure_values, panel_cells, point_cell
from paper_tables.cell import Cell
from paper_tables.claims.evidence import evidence
from paper_tables.reported import KEYS
from paper_tables.results import Result

CARD = ("same_category", "label_accuracy")  # shares on the card of an augmented set
COLUMNS = [*KEYS, "x", "seed", "value", "flags"]


def measured_evidence(plan: Plan, read: Callable[[Cell], Result]) -> pd.DataFrame:
    """table: 2 (the sampler of best validation NDCG@5, not named, as in the paper), 3, control, figure3 … figure6 (x:
    the setting; no x for the plain anchor), sets (shares on the cards of the augmented sets). Metrics in percent.
    """
    rows = [row for line in table2_lines(plan, read) for row in _rows("2", line.result, sampler="")]
    rows += [row for line in table3_lines(plan, read) for row in _rows("3", line.result)]
    rows += [row for cell in augmented(plan, "control") for row in _rows("control", read(cell))]
    rows += [row for cell in augmented(plan) for row in _cards(read(cell))]
    for figure in FIGURES:
        for dataset in figure_datasets(plan, figure):
            rows += _rows(figure, read(panel_cells(plan, figure, dataset)[0]))
            for strategy in plan.strategies:
                for x in figure_values(plan, figure):
                    rows += _rows(figure, read(point_cell(plan, figure, dataset, strategy, x)), x=float(x))
    return evidence(pd.DataFrame(rows, columns=COLUMNS))


def _rows(table: str, result: Result, **other: object) -> Iterator[dict]:
    for metric in METRICS if result.done else ():
        for seed, value in zip(result.seeds, result.values(metric, CUTOFF), strict=True):
            yield _row(table, result, metric, seed, 100 * value) | other


def _cards(result: Result) -> Iterator[dict]:
    for seed in result.seeds if result.done else ():
        card = result.content["seeds"][seed].get("augmentation", {})
        for metric in CARD:
            if card.get(metric) is not None:
                yield _row("sets", result, metric, seed, card[metric])


def _row(table: str, result: Result, metric: str, seed: str, value: float) -> dict:
    cell = result.cell
    return {
        "table": table,
        "dataset": cell.dataset,
        "setting": "",
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "sampler": cell.sampler,
        "metric": metric,
        "k": CUTOFF,
        "x": float("nan"),
        "seed": int(seed),
        "value": float(value),
        "flags": "; ".join(result.flags),
    }
