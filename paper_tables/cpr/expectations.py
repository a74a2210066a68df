"""What CPR's results are expected to show at any scale, and its Tables 1 and 3 beside the printed ones."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from paper_tables import dose
from paper_tables.controls import frame as control_frame
from paper_tables.cpr import accuracy, recovery
from paper_tables.cpr.lines import Read, compared_lines, main_lines, mind_setting, reader, table1_settings
from paper_tables.cpr.plan import LEARNED, MEASURES, RANDOM, Plan, read_plan
from paper_tables.expectation import Expectation, majority
from paper_tables.labels import dataset_label, setting_label


def expectations(scale: Mapping, results: Path) -> list[Expectation]:
    """What any scale is expected to show, from its results."""
    plan, read = read_plan(scale), reader(scale, Path(results))
    known = dose.expectations(plan.dose, dose.frame(plan.dose, read, MEASURES)) if plan.dose else []
    return [*(_of_tables(plan, read, scale, results) if plan.feedbacks or plan.mind else []), *known]


def _of_tables(plan: Plan, read: Read, scale: Mapping, results: Path) -> list[Expectation]:
    lines = compared_lines(plan, read)
    beside = control_frame(lines, MEASURES).query("metric == 'ndcg' and status == 'done'")
    rows = _accuracy(plan, scale, results).query("metric == 'ndcg' and status == 'done' and candidates == 'all'")
    gains = rows.loc[rows["method"] == LEARNED, "gain_percent"]
    known = recovery.frame(line for line in lines if line.of.reading).query("status == 'done'")
    nearer = known["exposure_divergence"] < known["uniform_divergence"]
    return [
        majority("the learnt exposure is nearer to the truth than showing all items alike", "most", nearer),
        majority("the learnt choice tells what a user takes (AUC above 0.5)", "most", known["choice_auc"] > 0.5),
        majority("labels of the sets are truer than chance", "most", known["label_accuracy"] > 0.5),
        majority("CPR above its anchor", "most (printed: 16 of 20 and 5 of 5)", gains > 0),
        majority("learned interventions above random ones", "most", _learned_above_random(rows)),
        majority("treatment above its random control", "most", list(beside["difference"] > 0)),
    ]


def beside_printed(scale: Mapping, results: Path) -> tuple[str, list[list]]:
    """(what, rows): setting, method, measured, printed, difference where both are there; fractions."""
    plan = read_plan(scale)
    rows = _accuracy(plan, scale, results).query(
        "metric == 'ndcg' and status == 'done' and printed != '' and candidates == 'all'"
    )
    rows = rows[rows["reading"].isin(["", plan.readings[0]])]
    return f"{MEASURES.head('ndcg')}, all items ranked", [
        [
            ", ".join(filter(None, [dataset_label(row.dataset), setting_label(row.setting)])),
            row.row,
            f"{row.mean:.4f}",
            row.printed,
            f"{row.difference:+.4f}",
        ]
        for row in rows.itertuples()
    ]


def _accuracy(plan: Plan, scale: Mapping, results: Path) -> pd.DataFrame:
    read = reader(scale, Path(results))
    return pd.concat(
        [
            accuracy.frame(1, main_lines(plan, read, table1_settings(plan))),
            accuracy.frame(3, main_lines(plan, read, [mind_setting()])),
        ]
    )


def _learned_above_random(rows: pd.DataFrame) -> list[bool]:
    keys = ["dataset", "setting", "anchor"]
    means = rows.query("method != 'none'").pivot_table(index=keys, columns="method", values="mean").dropna()
    return list(means[LEARNED] > means[RANDOM]) if {LEARNED, RANDOM} <= set(means) else []
