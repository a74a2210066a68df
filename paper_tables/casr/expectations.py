"""What CASR's results are expected to show at any scale, and its Table 2 beside the printed one."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from paper_tables import dose
from paper_tables.casr import curves
from paper_tables.casr.accuracy import frame, reader, table2_lines, table3_lines
from paper_tables.casr.plan import MEASURES, Plan, read_plan
from paper_tables.casr.specification import augmented
from paper_tables.cell import Cell
from paper_tables.controls import frame as control_frame
from paper_tables.expectation import Expectation, majority
from paper_tables.labels import dataset_label, method_label
from paper_tables.results import Result


def expectations(scale: Mapping, results: Path) -> list[Expectation]:
    """What any scale is expected to show, from its results."""
    plan, read = read_plan(scale), reader(scale, Path(results))
    known = dose.expectations(plan.dose, dose.frame(plan.dose, read, MEASURES)) if plan.dose else []
    return [*(_of_tables(plan, read) if plan.datasets else []), *known]


def _of_tables(plan: Plan, read: Callable[[Cell], Result]) -> list[Expectation]:
    table2 = frame(table2_lines(plan, read), 2).query("metric == 'ndcg' and status == 'done'")
    lines = table3_lines(plan, read)
    table3 = frame(lines, 3).query("metric == 'ndcg' and status == 'done'")
    beside = control_frame(lines, MEASURES).query("metric == 'ndcg' and status == 'done'")
    return [
        *(_above_popularity(table2, dataset) for dataset in plan.datasets),
        _kappa_one(plan, read),
        _labels(plan, read),
        majority("D and M above the plain anchor", "all (printed: 324 of 324)", _gains(table3), share=1.0),
        majority("D at least as good as H", "most (printed: 140 of 144)", _against(table3, "casr-d", "casr-h")),
        majority("M at least as good as D", "most (printed: 137 of 144)", _against(table3, "casr-m", "casr-d")),
        majority("treatment above its random control", "most", list(beside["difference"] > 0)),
    ]


def beside_printed(scale: Mapping, results: Path) -> tuple[str, list[list]]:
    """(what, rows): data set, method, measured, printed, difference of Table 2 where both are there; percent."""
    table2 = frame(table2_lines(read_plan(scale), reader(scale, Path(results))), 2)
    rows = table2.query("metric == 'ndcg' and status == 'done' and printed != ''")
    return "NDCG@5 in percent", [
        [dataset_label(row.dataset), row.row, f"{row.mean:.2f}", row.printed, f"{row.difference:+.2f}"]
        for row in rows.itertuples()
    ]


def _above_popularity(table2: pd.DataFrame, dataset: str) -> Expectation:
    rows = table2[table2["dataset"] == dataset].set_index("anchor").query("method == 'none'")["mean"]
    anchors = [name for name in ("narm", "stamp", "sasrec") if name in rows]
    what = f"sequential anchors above popularity, NDCG@5, {dataset_label(dataset)}"
    if "popularity" not in rows or not anchors:
        return Expectation(what, "all", "", None)
    numbers = ", ".join(f"{method_label(name)} {rows[name]:.2f}" for name in anchors)
    measured = f"{numbers}; {method_label('popularity')} {rows['popularity']:.2f}"
    return Expectation(what, "all", measured, bool((rows[anchors] > rows["popularity"]).all()))


def _kappa_one(plan: Plan, read: Callable[[Cell], Result]) -> Expectation:
    points = curves.frame("figure5", plan, read).query("x == 1 and status == 'done' and plain_mean.notna()")
    what = "kappa = 1 is the plain anchor, exactly"
    if points.empty:
        return Expectation(what, "equal", "", None)
    apart = (points["mean"] - points["plain_mean"]).abs().max()
    return Expectation(what, "equal", f"largest difference {apart:.3g}", bool(apart == 0))


def _labels(plan: Plan, read: Callable[[Cell], Result]) -> Expectation:
    """Where the structural model is known: how often a generated next item is the true one (H and D)."""
    found, chance = {}, []
    for cell in augmented(plan):
        result = read(cell)
        for seed in result.content.get("seeds", {}).values() if result.done else ():
            accuracy = seed["augmentation"].get("label_accuracy")
            if accuracy is not None and cell.treatment != "casr-m":
                found.setdefault(cell.sampler, []).append(accuracy)
                chance.append(1 / result.content["provenance"]["split"]["items"])
    what = "generated next items are the true ones more often than by chance"
    if not found:
        return Expectation(what, "above chance", "", None)
    means = {sampler: float(np.mean(values)) for sampler, values in found.items()}
    numbers = ", ".join(f"{method_label(sampler)} {100 * mean:.1f} %" for sampler, mean in means.items())
    return Expectation(what, f"above {100 * max(chance):.1f} %", numbers, min(means.values()) > max(chance))


def _gains(table3: pd.DataFrame) -> list[bool]:
    plain = table3.query("method == 'none'").set_index(["dataset", "anchor"])["mean"]
    rows = table3.query("method in ('casr-d', 'casr-m')")
    keys = [(row.dataset, row.anchor) for row in rows.itertuples()]
    return [mean > plain[key] for key, mean in zip(keys, rows["mean"], strict=True) if key in plain.index]


def _against(table3: pd.DataFrame, better: str, other: str) -> list[bool]:
    keys = ["dataset", "anchor", "sampler"]
    means = table3.query("method != 'none'").pivot_table(index=keys, columns="method", values="mean")
    if better not in means or other not in means:
        return []
    both = means[[better, other]].dropna()
    return list(both[better] >= both[other])
