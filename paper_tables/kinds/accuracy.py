"""The frame behind a paper's main tables: one row for each line and metric, measured beside printed, in its unit."""

import numpy as np
import pandas as pd

from paper_tables import marks
from paper_tables.differences import user_differences
from paper_tables.kinds import controls, panels, settings_layout
from paper_tables.lines import Line
from paper_tables.reported import MISSING
from paper_tables.spec.paper import Metric
from paper_tables.statistics import LEVEL, holm_within, sign_flip
from paper_tables.study import Study

TREATMENT = ("share", "kappa", "index", "alpha", "beta")  # settings that change what is trained on, shown in the CSV
# What stands in the CSV, by the table's layout: panels of data sets, or settings of synthetic data side by side.
COLUMNS = {
    "panels": (
        "dataset row block anchor method sampler metric k unit status reason mean std seeds printed difference "
        "printed_footnote lowered best p_value p_value_holm significant n_users candidates objective "
        "share kappa index alpha beta protocol flags"
    ).split(),
    "settings": (
        "dataset feedback dim noise reading setting candidates row block anchor method k_filter metric k unit status "
        "reason mean std_draws std_seeds draws seeds printed difference printed_footnote plain gain_percent "
        "printed_gain_percent lowered best p_value p_value_holm significant n_users history flags cell"
    ).split(),
    "views": (
        "dataset setting view row block anchor method sampler metric k unit status reason mean std seeds printed "
        "difference printed_footnote plain gain_percent lowered best p_value p_value_holm significant n_users history "
        "protocol flags cell"
    ).split(),
}
LAYOUTS = {"panels": panels, "settings": settings_layout, "views": panels}
BESIDE = ("dataset", "anchor", "method", "sampler", "metric")


def layout(study: Study, target: str) -> str:
    """Of papers with one view, whose columns are data sets: panels."""
    drawn = any("draws" in content for content in study.paper.data.values())
    return "settings" if drawn else "panels" if len(study.paper.views) == 1 else "views"


def frame(study: Study, target: str) -> pd.DataFrame:
    """mean: over draws of the data, of each its mean over training seeds; std_draws, std_seeds: over draws, and over
    training seeds within draws. plain: the plain anchor on the same draws, gain_percent over it. p_value: paired over
    the users (of all draws) against the plain anchor, Holm's correction within a line's family.
    """
    lines = list(study.lines(target))
    asked = [(line, metric) for line in lines for metric in line.metrics]
    rows = pd.DataFrame([_row(study, *each) for each in asked])
    rows["p_value_holm"], _ = holm_within(rows["p_value"].to_numpy(), [line.family for line, _ in asked])
    rows["significant"] = rows["p_value_holm"] < LEVEL
    blocks = rows.groupby(["dataset", "setting", "view", "block", "metric", "k"])["mean"]
    rows["best"] = (rows["mean"] == blocks.transform("max")) & (blocks.transform("count") > 1)
    rows = rows.reindex(columns=COLUMNS[layout(study, target)])
    if study.paper.targets[target].get("beside") != "control":
        return rows
    rows = marks.with_marks(rows, study.results, study.data)
    beside = controls.of_lines(lines).rename(columns={"difference": "control_difference"})
    names = ["control_mean", "control_std", "control_difference"]
    return rows.merge(beside[[*BESIDE, *names]], on=list(BESIDE), how="left")


def render(study: Study, target: str, rows: pd.DataFrame) -> str:
    return LAYOUTS[layout(study, target)].render(study, target, rows)


def scaled(study: Study, values: np.ndarray) -> np.ndarray:
    """Fractions in the unit of the paper."""
    return 100 * values if study.paper.unit == "percent" else values


def _row(study: Study, line: Line, metric: Metric) -> dict:
    result, place = line.result, line.place
    value, footnote, printed_gain = study.printed(line, metric)
    names_sampler = not line.best or result.done
    row = line.head | {
        **place.values,
        "view": line.view,
        "row": line.row if line.value is None else f"{line.row}, k={line.value}",
        "sampler": line.head["sampler"] if names_sampler else "",
        "k_filter": result.setting("treatment", "k") if line.value is None else line.value,
        "metric": metric.name,
        "k": metric.k,
        "unit": study.paper.unit,
        "mean": np.nan,
        "draws": len(result.finished) if place.values else None,
        "printed": value,
        "printed_footnote": footnote,
        "printed_gain_percent": printed_gain,
        "lowered": False,
        "p_value": np.nan,
        "protocol": result.cell.split_name.way,
        "cell": result.identifier,
        # all items, or another kind of candidates; in panels whether the history's items are among them
        "candidates": line.view,
    }
    if not result.done:
        return row if place.values or len(study.paper.views) > 1 else row | {"candidates": None}
    values = scaled(study, result.values(metric.name, metric.k))
    between, within = (float(scaled(study, spread)) for spread in result.spread(metric.name, metric.k))
    row |= {
        "mean": float(values.mean()),
        "std": float(values.std(ddof=1)) if len(values) > 1 else np.nan,
        "std_draws": between,
        "std_seeds": within,
        "difference": float(values.mean()) - float(value) if value not in ("", MISSING) else np.nan,
        "n_users": result.users,
        "history": result.reading,
        "objective": result.setting("anchor", "objective") or "",
        **{key: result.setting("treatment", key) for key in TREATMENT},
    }
    if len(study.paper.views) == 1:
        row["candidates"] = result.reading
    return row | _beside_plain(study, line, metric)


def _beside_plain(study: Study, line: Line, metric: Metric) -> dict:
    """What the plain anchor gives on the same draws, and the gain over it; the test is of the headline only."""
    pairs = line.result.pairs_with(line.plain) if line.plain else []
    if not pairs or not line.plain.ranked:
        return {}
    ours, theirs = (
        float(np.mean([each.values(metric.name, metric.k).mean() for each in side]))
        for side in zip(*pairs, strict=True)
    )
    view = study.paper.views[line.view]
    tested = "group" in view or not view.get("candidates")
    pair = user_differences(line.result, line.plain, metric.name, metric.k) if tested else None
    return {
        "plain": scaled(study, theirs),
        "gain_percent": 100 * (ours / theirs - 1) if theirs else np.nan,
        "lowered": ours < theirs,
        "p_value": np.nan if pair is None else sign_flip(pair),
    }
