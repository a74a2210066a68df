"""Figures 3 to 6: NDCG@5 of the three strategies over one setting, with the plain anchor and the matched controls."""

from collections.abc import Callable

import pandas as pd

from datasets.pipeline.errors import BadInput
from paper_tables import nearly_observed
from paper_tables.casr.accuracy import CUTOFF
from paper_tables.casr.plan import Plan
from paper_tables.casr.specification import (
    VARIED,
    control_cell,
    figure_datasets,
    figure_values,
    panel_cells,
    point_cell,
)
from paper_tables.cell import Cell
from paper_tables.labels import dataset_label, method_label, strategy_label
from paper_tables.results import Result, percent

AXES = {
    "figure3": "share r of the samples (%)",
    "figure4": "rounds L",
    "figure5": "confidence κ",
    "figure6": "index d of the replaced item",
}
COLUMNS = (
    "series dataset anchor sampler strategy share setting x position label status reason mean std low high seeds "
    "plain_mean plain_std control_mean control_std flags"
).split()


def frame(figure: str, plan: Plan, read: Callable[[Cell], Result]) -> pd.DataFrame:
    """One row for each data set, strategy and x value; percent. `series` numbers the curves over all panels,
    `position` is the place on the axis, low and high are the mean minus and plus the standard deviation over seeds.
    """
    rows = []
    for dataset in figure_datasets(plan, figure):
        plain = read(panel_cells(plan, figure, dataset)[0])
        for strategy in plan.strategies:
            series = 1 + (rows[-1]["series"] if rows else 0)
            control = read(control_cell(plan, dataset, strategy))
            for position, x in enumerate(figure_values(plan, figure)):
                point, setting = read(point_cell(plan, figure, dataset, strategy, x)), VARIED[figure][0]
                if point.done and point.setting("treatment", setting) != x:
                    raise BadInput(
                        f"{point.folder}: {setting} is {point.setting('treatment', setting)}, but {figure} wants {x}; "
                        "set it in the scale's file, not in the data set's, or run the cell again"
                    )
                row = _point(point, plain, control)
                row |= {"series": series, "setting": setting, "x": x, "position": position}
                rows.append(row | {"label": x_label(figure, x)})
    return pd.DataFrame(rows, columns=COLUMNS)


def x_label(figure: str, x: float) -> str:
    """As the paper's axis: r in percent, the rest as a number."""
    return f"{100 * x:g}" if figure == "figure3" else f"{x:g}"


def panel_title(rows: pd.DataFrame) -> str:
    """`NARM, sampler STAMP` of one panel's rows."""
    first = rows.iloc[0]
    return f"{method_label(first['anchor'])}, sampler {method_label(first['sampler'])}"


def curve_label(rows: pd.DataFrame) -> str:
    return strategy_label(rows["strategy"].iloc[0])


def plain_label(rows: pd.DataFrame) -> str:
    return f"{method_label(rows['anchor'].iloc[0])} alone"


def near(rows: pd.DataFrame) -> pd.DataFrame:
    """The points whose set is nearly the observed data."""
    return rows[rows["flags"].str.contains(nearly_observed.FLAG, regex=False)]


def near_note(rows: pd.DataFrame) -> str:
    """Which points they are, a sentence for the caption."""
    labels = near(rows).groupby(["dataset", "strategy"], sort=False)["label"].agg(", ".join)
    points = [f"{dataset_label(where)} {strategy_label(name)} at {found}" for (where, name), found in labels.items()]
    return f"Hollow: {nearly_observed.FLAG} ({nearly_observed.MEANING}): {'; '.join(points)}." if points else ""


def _point(point: Result, plain: Result, control: Result) -> dict:
    cell = point.cell
    row = {
        "dataset": cell.dataset,
        "anchor": cell.anchor,
        "sampler": cell.sampler,
        "strategy": cell.treatment,
        "status": point.status,
        "reason": point.reason,
        "seeds": len(point.seeds) if point.done else 0,
        "flags": "; ".join(point.flags),
    }
    for name, result in (("", point), ("plain_", plain), ("control_", control)):
        if result.done:
            row[f"{name}mean"], row[f"{name}std"] = percent(result.values("ndcg", CUTOFF))
    if point.done:
        row["share"] = point.setting("treatment", "share")
        row |= {"low": row["mean"] - row["std"], "high": row["mean"] + row["std"]}
    return row
