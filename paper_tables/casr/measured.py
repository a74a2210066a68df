"""Every measured number of the paper's cells, with the keys and units of the printed ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from paper_tables.audit import findings
from paper_tables.casr.accuracy import CUTOFF, METRICS, reader, shown_datasets, table2_lines, table3_lines
from paper_tables.casr.plan import read_plan
from paper_tables.casr.sizes import DIFFERS
from paper_tables.casr.sizes import frame as size_frame
from paper_tables.casr.specification import cells
from paper_tables.lines import Line
from paper_tables.paired import user_error
from paper_tables.recommenders import recommenders


def measured(scale: Mapping, results: Path) -> pd.DataFrame:
    """One row for each cell and metric: table, dataset, setting, anchor, method, sampler, metric, k as in
    paper_tables/reported.py; unit (percent), cell (its identifier), status, reason, measured and std (over `seeds`
    seeds, n - 1), by_unit ({seed: number}), user_error (of a treated row's difference from its plain anchor), family
    (whose cells share a deviation), reading (""), flags, and incomparable (facts that forbid a verdict, or "").

    Table 2 names no sampler: `reason` says which one was best in validation. A cell of neither table has no table
    number, and its setting says what it is: `split=loo.shuffled`, `variant=control`, `variant=kappa0.1`.
    """
    plan, results = read_plan(scale), Path(results)
    read = reader(scale, results)
    rows, shown = [], set()
    for table, lines in ((2, table2_lines(plan, read)), (3, table3_lines(plan, read))):
        for line in lines:
            shown.add(line.result.cell.identifier)
            rows += _rows(line, str(table), "")
    for cell in cells(scale):
        if cell.identifier not in shown:
            parts = {"split": cell.split_name.way, "variant": cell.variant}
            differs = [f"{name}={text}" for name, text in parts.items() if text not in ("", "loo")]
            rows += _rows(Line("", "", cell.dataset, read(cell)), "", ";".join(differs))
    facts = {dataset: incomparable(dataset, results) for dataset in {*plan.datasets, *shown_datasets(plan)}}
    found = pd.DataFrame(rows)
    return found.assign(incomparable=[facts.get(dataset, "") for dataset in found["dataset"]])


def incomparable(dataset: str, results: Path) -> str:
    """The counts of a data set that differ from the printed ones, and the errors of its audit; "" where all is well."""
    sizes = size_frame([dataset], results)
    counts = sizes[(sizes["count"] != "density_percent") & (sizes["verdict"] == DIFFERS)]
    facts = [
        f"{count:,.0f} {name} instead of {int(printed):,}"
        for name, count, printed in zip(counts["count"], counts["measured"], counts["printed"], strict=True)
    ]
    errors = [f"audit: {finding['check']}" for finding in findings(dataset, results) if finding["level"] == "error"]
    return "; ".join([*facts, *errors])


def _rows(line: Line, table: str, setting: str) -> list[dict]:
    result, cell = line.result, line.result.cell
    chosen = table == "2" and result.done and cell.sampler
    common = {
        "table": table,
        "dataset": cell.dataset,
        "setting": setting,
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "sampler": "" if table == "2" else cell.sampler,
        "k": str(CUTOFF),
        "unit": "percent",
        "cell": cell.identifier,
        "status": result.status,
        "reason": f"sampler {cell.sampler}, best in validation" if chosen else result.reason,
        "seeds": len(result.seeds) if result.done else 0,
        "family": recommenders().get(cell.anchor, ""),
        "reading": "",
        "flags": "; ".join(result.flags),
    }
    rows = []
    for metric in METRICS:
        values = 100 * result.values(metric, CUTOFF) if result.done else np.array([])
        numbers = {
            "measured": values.mean() if len(values) else np.nan,
            "std": values.std(ddof=1) if len(values) > 1 else np.nan,
            "by_unit": dict(zip(result.seeds, values, strict=True)) if result.done else {},
            "user_error": user_error(result, line.plain, metric, CUTOFF) if line.plain else np.nan,
        }
        rows.append(common | {"metric": metric} | numbers)
    return rows
