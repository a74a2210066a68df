"""The frame behind Tables 2 and 3: one row for each data set, method and metric, measured beside printed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from paper_tables import lines
from paper_tables.casr.plan import ANCHORS, BASELINES, CONTROLS, DATASETS, MEASURES, STRATEGIES, Plan
from paper_tables.casr.printed import MISSING, printed
from paper_tables.casr.specification import cells, other_methods
from paper_tables.cell import Cell
from paper_tables.labels import cell_label, method_label, row_label
from paper_tables.lines import Line
from paper_tables.results import FAILED, Result, percent, user_differences
from paper_tables.statistics import holm, sign_flip

METRICS, CUTOFF = MEASURES.metrics, MEASURES.cutoff
TREATMENT = ("share", "kappa", "index", "alpha", "beta")  # settings that change what is trained on, shown in the CSV
LEVEL = 0.05
COLUMNS = (
    "dataset row block anchor method sampler metric k unit status reason mean std seeds printed difference "
    "printed_footnote lowered best p_value p_value_holm significant n_users candidates objective "
    "share kappa index alpha beta protocol flags"
).split()


def reader(scale: Mapping, results: Path) -> Callable[[Cell], Result]:
    return lines.reader(cells(scale), results)


def shown_datasets(plan: Plan) -> list[str]:
    """The paper's nine in its order, then others; only the others if none of the nine is run (the demo)."""
    others = [dataset for dataset in plan.datasets if dataset not in DATASETS]
    return [*(DATASETS if len(others) < len(plan.datasets) else ()), *others]


def table2_lines(plan: Plan, read: Callable[[Cell], Result]) -> list[Line]:
    """Baselines, controls, other methods; then each anchor plain and with H, D, M by the sampler of best validation."""
    blocks = {"baselines": BASELINES, "controls": CONTROLS, "other methods": other_methods(plan)}
    found = []
    for dataset in shown_datasets(plan):
        for block, methods in blocks.items():
            found += [Line(method_label(m), block, dataset, read(_cell(dataset, m))) for m in methods]
        for anchor in ANCHORS:
            plain = read(_cell(dataset, anchor))
            found.append(Line(row_label(anchor), method_label(anchor), dataset, plain))
            for strategy in STRATEGIES:
                candidates = [read(_cell(dataset, anchor, strategy, sampler)) for sampler in ANCHORS]
                row = row_label(anchor, strategy)
                best = best_by_validation(candidates)
                found.append(Line(row, method_label(anchor), dataset, best, {"plain": plain}))
    return found


def table3_lines(plan: Plan, read: Callable[[Cell], Result]) -> list[Line]:
    """Every anchor plain, then with every strategy and sampler, beside its random control."""
    found = []
    for dataset in shown_datasets(plan):
        for anchor in ANCHORS:
            plain = read(_cell(dataset, anchor))
            found.append(Line(row_label(anchor), method_label(anchor), dataset, plain))
            for strategy in STRATEGIES:
                for sampler in ANCHORS:
                    result = read(_cell(dataset, anchor, strategy, sampler))
                    against = {"plain": plain, "control": read(replace(result.cell, variant="control"))}
                    found.append(Line(cell_label(result.cell), method_label(anchor), dataset, result, against))
    return found


def best_by_validation(candidates: list[Result]) -> Result:
    """The finished candidate with the highest validation NDCG@5 (mean over seeds); no test result is looked at.

    Where none is finished: one that failed, else one that was not run.
    """
    done = [result for result in candidates if result.done]
    if done:
        return max(done, key=lambda result: result.values("ndcg", CUTOFF, part="validation").mean())
    return next((result for result in candidates if result.status == FAILED), candidates[0])


def frame(shown: Iterable[Line], table: int) -> pd.DataFrame:
    """The tidy frame of a table: numbers in percent, p-values corrected over all tests of the frame."""
    rows = pd.DataFrame([_row(line, metric, table) for line in shown for metric in METRICS], columns=COLUMNS)
    rows["p_value_holm"] = holm(rows["p_value"].to_numpy())
    rows["significant"] = rows["p_value_holm"] < LEVEL
    blocks = rows.groupby(["dataset", "block", "metric"])["mean"]
    rows["best"] = (rows["mean"] == blocks.transform("max")) & (blocks.transform("count") > 1)
    return rows


def p_value(result: Result, plain: Result, metric: str) -> float:
    """Paired over the users of the test; not a number where either has no result for each user."""
    pair = user_differences(result, plain, metric, CUTOFF)
    return float("nan") if pair is None else sign_flip(pair)


def _row(line: Line, metric: str, table: int) -> dict:
    result, cell = line.result, line.result.cell
    sampler = cell.sampler if table == 3 else ""  # the printed Table 2 does not name its samplers
    value, footnote = printed(table, line.dataset, cell.anchor, cell.treatment, sampler, metric)
    row = {
        "dataset": line.dataset,
        "row": line.row,
        "block": line.block,
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "sampler": cell.sampler if result.done or table == 3 else "",
        "metric": metric,
        "k": CUTOFF,
        "unit": "percent",
        "status": result.status,
        "reason": result.reason,
        "mean": float("nan"),
        "std": float("nan"),
        "seeds": 0,
        "printed": value,
        "difference": float("nan"),
        "printed_footnote": footnote,
        "lowered": False,
        "p_value": float("nan"),
        "protocol": cell.split_name.way,
        "flags": "; ".join(result.flags),
    }
    if not result.done:
        return row
    mean, deviation = percent(result.values(metric, CUTOFF))
    row |= {
        "mean": mean,
        "std": deviation,
        "seeds": len(result.seeds),
        "difference": mean - float(value) if value not in ("", MISSING) else float("nan"),
        "n_users": result.users,
        "candidates": result.reading,
        "objective": result.setting("anchor", "objective") or "",
        **{key: result.setting("treatment", key) for key in TREATMENT},
    }
    if line.plain and line.plain.done:
        row["lowered"] = mean < percent(line.plain.values(metric, CUTOFF))[0]
        row["p_value"] = p_value(result, line.plain, metric)
    return row


def share_note(frame: pd.DataFrame) -> str:
    """A sentence for the caption, where only a part of the training samples was augmented; LaTeX."""
    shares = sorted(frame.loc[frame["share"] < 1, "share"].astype(float).unique())
    values = " or ".join(rf"{100 * share:g}\,\%" for share in shares)
    return f"Augmented on a share of $r={values}$ of the training samples." if shares else ""


def _cell(dataset: str, anchor: str, treatment: str = "", sampler: str = "") -> Cell:
    return Cell("casr", f"{dataset}.loo", anchor, treatment, sampler)
