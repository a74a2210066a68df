"""The selecting metric of each strategy over one setting, with the plain anchor and the matched controls."""

import pandas as pd

from datasets.pipeline.errors import BadInput
from paper_tables import latex, marks, nearly_observed
from paper_tables.differences import percent
from paper_tables.kinds.curve_picture import as_csv, near, pgfplots, picture
from paper_tables.kinds.panels import share_note
from paper_tables.labels import dataset_label, strategy_label
from paper_tables.results import Result
from paper_tables.spec.paper import Metric
from paper_tables.spec.specification import control_cell, panel_cells, point_cell
from paper_tables.study import Study

COLUMNS = (
    "series dataset anchor sampler strategy share setting x position label status reason mean std low high seeds "
    "plain_mean plain_std control_mean control_std flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each data set, strategy and x value; percent. `series` numbers the curves over all panels,
    `position` is the place on the axis, low and high are the mean minus and plus the standard deviation over seeds.
    """
    rows, plan, read, content = [], study.plan, study.read, study.paper.targets[target]
    datasets, values = plan.figure(target)
    for dataset in datasets:
        plain = read(panel_cells(plan, target, dataset)[0])
        for strategy in plan.lists["strategies"]:
            series = 1 + (rows[-1]["series"] if rows else 0)
            control = read(control_cell(plan, dataset, strategy))
            for position, x in enumerate(values):
                point, setting = read(point_cell(plan, target, dataset, strategy, x)), content["setting"]
                if point.done and point.setting("treatment", setting) != x:
                    raise BadInput(
                        f"{point.folder}: {setting} is {point.setting('treatment', setting)}, but {target} wants {x}; "
                        "set it in the scale's file, not in the data set's, or run the cell again"
                    )
                row = _point(point, plain, control, study.paper.selection)
                row |= {"series": series, "setting": setting, "x": x, "position": position}
                rows.append(row | {"label": f"{content.get('times', 1) * x:g}"})
    return pd.DataFrame(rows, columns=COLUMNS)


def render(study: Study, target: str, rows: pd.DataFrame) -> str:
    """The figure as LaTeX (curve_picture.pgfplots) under its caption."""
    content, paper = study.paper.targets[target], study.paper
    caption = (
        f"{paper.label}'s Figure {target[-1]}, scale \\textit{{{study.scale['scale']}}}: {content['title']}. Bars: one "
        "standard deviation over seeds. Dotted: the random control of each strategy's main cell."
    )
    note = "" if content["setting"] == "share" else share_note(rows)  # which that figure varies
    caption = " ".join(filter(None, [caption, note, latex.escape(near_note(rows)), marks.legend(rows)]))
    return pgfplots(study, target, rows, caption)


def near_note(rows: pd.DataFrame) -> str:
    """Which points they are, a sentence for the caption."""
    labels = near(rows).groupby(["dataset", "strategy"], sort=False)["label"].agg(", ".join)
    points = [f"{dataset_label(where)} {strategy_label(name)} at {found}" for (where, name), found in labels.items()]
    return f"Hollow: {nearly_observed.FLAG} ({nearly_observed.MEANING}): {'; '.join(points)}." if points else ""


def _point(point: Result, plain: Result, control: Result, metric: Metric) -> dict:
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
            row[f"{name}mean"], row[f"{name}std"] = percent(result.values(metric.name, metric.k))
    if point.done:
        row["share"] = point.setting("treatment", "share")
        row |= {"low": row["mean"] - row["std"], "high": row["mean"] + row["std"]}
    return row


__all__ = ["as_csv", "frame", "picture", "render"]
