"""Every measured number of the paper's cells, with the keys and units of the printed ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.files import read_json
from paper_tables.audit import findings
from paper_tables.cpr import coldness
from paper_tables.cpr.accuracy import CANDIDATES
from paper_tables.cpr.lines import (
    Read,
    SettingLine,
    compared_lines,
    filter_lines,
    main_lines,
    mind_setting,
    reader,
    table1_settings,
    table2_settings,
)
from paper_tables.cpr.plan import MEASURES, Plan, read_plan
from paper_tables.cpr.printed import names, printed_setting
from paper_tables.cpr.specification import Setting
from paper_tables.draws import Draws
from paper_tables.paired import user_error
from paper_tables.recommenders import recommenders

KEYS = ["table", "dataset", "setting", "anchor", "method", "metric"]


def measured(scale: Mapping, results: Path) -> pd.DataFrame:
    """One row for each setting, cell and metric: table, dataset, setting, anchor, method, sampler, metric, k as in
    paper_tables/reported.py; unit (fraction), cell (the identifiers of all draws), status, reason, measured and std
    (n - 1, over `seeds` draws of the data, or over training seeds where there is one draw), by_unit ({draw or seed:
    number}), user_error (of a treated row's difference from its plain anchor), family (whose cells share a deviation),
    reading (of the generator's formulas), flags, and incomparable (facts that forbid a verdict, or "").

    What is compared with the printed numbers: the first reading of the scale, all items ranked. The other readings and
    the sampled candidates have no table number, and their setting says so: `…;reading=printed;candidates=sampled`.
    """
    plan, results = read_plan(scale), Path(results)
    read = reader(scale, results)
    rows = [row for table, line in _lines(plan, read) for row in _rows(plan, table, line)]
    rows += [row for line in compared_lines(plan, read) if "control" in line.against for row in _control(line)]
    rows += _coldness(plan, read, results)
    facts: dict[str, list[str]] = {}
    for setting in (*table1_settings(plan), *table2_settings(plan), mind_setting()):
        facts.setdefault(setting.base, []).extend(incomparable(setting, results))
    said = {base: "; ".join(dict.fromkeys(of)) for base, of in facts.items()}
    found = pd.DataFrame(rows).drop_duplicates(KEYS)
    return found.assign(sampler="", k=str(MEASURES.cutoff), unit="fraction", incomparable=found["dataset"].map(said))


def incomparable(setting: Setting, results: Path) -> list[str]:
    """The counts of the data that differ from the printed ones, and the errors of its audit."""
    facts = []
    for dataset in setting.datasets:
        file = results / "data" / dataset / "data.json"
        about = read_json(file) if file.is_file() else {}
        printed = about.get("printed", {}).get(MEASURES.paper, {})
        both = {name: (count, printed[name]) for name, count in about.get("counts", {}).items() if name in printed}
        facts += [f"{own:,.0f} {name} instead of {its:,}" for name, (own, its) in both.items() if own != its]
        facts += [f"audit: {finding['check']}" for finding in findings(dataset, results) if finding["level"] == "error"]
    return facts


def _lines(plan: Plan, read: Read) -> Iterator[tuple[int, SettingLine]]:
    for table, lines in (
        (1, main_lines(plan, read, table1_settings(plan))),
        (2, filter_lines(plan, read)),
        (3, main_lines(plan, read, [mind_setting()])),
    ):
        yield from ((table, line) for line in lines)


def _rows(plan: Plan, table: int, line: SettingLine) -> Iterator[dict]:
    """Table 2 has treated rows only: what it shows of the plain anchors beside them is printed nowhere."""
    headline = line.of.reading in ("", plan.readings[0]) and (table != 2 or line.k is not None)
    if headline:
        place = {"table": str(table), "setting": printed_setting(table, line.of, line.k)}
        yield from _numbers(line, line.result, place, "")
    filtered = f"k={line.k}" if line.result.cell.variant else ""
    for candidates, reading in CANDIDATES.items():
        if (reading or not headline) and (not reading or line.result.has(reading)):
            differs = [line.setting, filtered, f"candidates={candidates}" if reading else ""]
            yield from _numbers(line, line.result, {"table": "", "setting": ";".join(filter(None, differs))}, reading)


def _control(line: SettingLine) -> Iterator[dict]:
    setting = ";".join(filter(None, [line.setting, "variant=control"]))
    yield from _numbers(line, line.against["control"], {"table": "", "setting": setting}, "")


def _numbers(line: SettingLine, result: Draws, place: Mapping, reading: str) -> Iterator[dict]:
    anchor, method = names(line.result.cell.anchor, line.result.cell.treatment)
    common = {
        **place,
        "dataset": line.dataset,
        "anchor": anchor,
        "method": method,
        "cell": result.identifier,
        "status": result.status,
        "reason": result.reason,
        "family": recommenders().get(result.cell.anchor, ""),
        "reading": line.of.reading,
        "flags": "; ".join(result.flags),
    }
    for metric in MEASURES.metrics:
        values = result.values(metric, MEASURES.cutoff, reading=reading) if result.done else np.array([])
        beside = line.plain if place["table"] else None
        yield common | {
            "metric": metric,
            "seeds": len(values),
            "measured": values.mean() if len(values) else np.nan,
            "std": values.std(ddof=1) if len(values) > 1 else np.nan,
            "by_unit": dict(zip(result.seeds, values, strict=True)) if result.done else {},
            "user_error": user_error(result, beside, metric, MEASURES.cutoff) / 100 if beside else np.nan,
        }


def _coldness(plan: Plan, read: Read, results: Path) -> list[dict]:
    counts, rows = coldness.counts_below(results), []
    lines = {(line.result.cell.anchor, line.result.cell.treatment): line for line in coldness.shown_lines(plan, read)}
    for row in coldness.frame(plan, read, results).itertuples():
        headline, treatment = row.candidates == "all", "" if row.method == "none" else row.method
        anchor, method = names(row.anchor, treatment)
        place = (counts, row.popularity, row.candidates, row.metric)
        rows.append(
            {
                "table": "4" if headline else "",
                "setting": f"popularity={row.popularity}" + ("" if headline else f";candidates={row.candidates}"),
                "dataset": row.dataset,
                "anchor": anchor,
                "method": method,
                "metric": row.metric,
                "cell": row.cell,
                "status": row.status,
                "reason": row.reason,
                "family": recommenders().get(row.anchor, ""),
                "reading": "",
                "flags": row.flags,
                "seeds": row.seeds,
                "measured": row.mean,
                "std": row.std_seeds,
                **coldness.units(lines[row.anchor, treatment], *place),
            }
        )
    return rows
