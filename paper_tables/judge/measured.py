"""Every measured number of a paper's cells, with the keys and units of the printed ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.files import read_json
from paper_tables.draws import Draws
from paper_tables.findings import findings
from paper_tables.kinds import coldness, sizes
from paper_tables.kinds.accuracy import scaled
from paper_tables.lines import Line
from paper_tables.paired import user_error
from paper_tables.recommenders import recommenders
from paper_tables.reported import KEYS
from paper_tables.spec.paper import Metric, Paper
from paper_tables.study import Study

COLUMNS = [
    *KEYS,
    *"unit cell status reason seeds measured std by_unit user_error family reading flags incomparable".split(),
]


def measured(study: Study) -> pd.DataFrame:
    """One row for each line, view and metric: KEYS as in paper_tables/reported.py; unit, cell (the identifiers of all
    draws), status, reason, measured and std (n - 1, over `seeds` seeds, or draws where there are several), by_unit
    ({seed or draw: number}), user_error (of a treated row's difference from its plain anchor), family (whose cells
    share a deviation), reading (of a generator's formulas), flags, and incomparable (what forbids a verdict, or "").

    What is not compared with a printed number has no table number, and its setting says what it is: another reading or
    kind of candidates, `split=loo.shuffled`, `variant=control`. Where the sampler is not named, `reason` says which one
    was best in validation.
    """
    tables = [name for name in study.tables() if study.paper.kind(name) == "accuracy"]
    lines = [line for table in tables for line in study.lines(table)]
    rows = [row for line in lines for row in _rows(study, line)]
    shown = {each.cell.identifier for line in lines for each in line.result.results}
    planned, places = {cell.identifier for cell in study.cells}, list(study.data)
    controlled = [line for line in lines if "control" in line.against and study.leads(line.view)]
    controlled = [line for line in controlled if line.against["control"].cell.identifier in planned]
    for line in sorted(controlled, key=lambda line: places.index(line.dataset)):
        rows += _control(study, line)
        shown |= {each.cell.identifier for each in line.against["control"].results}
    rows += [row for name in study.tables() if study.paper.kind(name) == "coldness" for row in _groups(study, name)]
    rows += [row for cell in study.cells if cell.identifier not in shown for row in _left(study, study.read(cell))]
    found = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "incomparable"]).drop_duplicates(list(KEYS))
    facts = {place: incomparable(study, place) for place in found["dataset"].unique()}
    return found.assign(unit=study.paper.unit, incomparable=found["dataset"].map(facts))


def incomparable(study: Study, dataset: str) -> str:
    """The counts of a data set that differ from the printed ones, and the errors of its audit; "" where all is well."""
    names = {name: None for name in study.data.get(dataset, [dataset])}
    for place in study.places:
        names |= dict.fromkeys(place.datasets if place.base == dataset else ())
    facts = []
    for name in names:
        facts += _counts(study.paper, name, study.results)
        errors = [finding["check"] for finding in findings(name, study.results) if finding["level"] == "error"]
        facts += [f"audit: {check}" for check in errors]
    return "; ".join(dict.fromkeys(facts))


def _counts(paper: Paper, dataset: str, results: Path) -> list[str]:
    if "sizes" in (content["kind"] for content in paper.targets.values()):
        table = sizes.of_datasets(paper, [dataset], results)
        counts = table[(table["count"] != "density_percent") & (table["verdict"] == sizes.DIFFERS)]
        both = zip(counts["count"], counts["measured"], counts["printed"], strict=True)
        return [f"{count:,.0f} {name} instead of {int(printed):,}" for name, count, printed in both]
    file = results / "data" / dataset / "data.json"
    about = read_json(file) if file.is_file() else {}
    printed = about.get("printed", {}).get(paper.name, {})
    both = {name: (count, printed[name]) for name, count in about.get("counts", {}).items() if name in printed}
    return [f"{own:,.0f} {name} instead of {its:,}" for name, (own, its) in both.items() if own != its]


def _rows(study: Study, line: Line) -> Iterator[dict]:
    """A line that is printed; in another view or reading, what it is called."""
    view = study.paper.views[line.view]
    first = study.leads(line.view)
    if line.table is not None and line.headline:
        yield from _numbers(study, line, line.result, {"table": str(line.table), "setting": line.printed_setting})
    elif line.place.planned and (line.result.ranked or first):
        filtered = f"{line.varies}={line.value}" if line.result.cell.variant else ""
        other = view.get("place", "") or ("" if first else f"candidates={line.view}")
        yield from _numbers(study, line, line.result, {"table": "", "setting": _joined(line.setting, filtered, other)})


def _control(study: Study, line: Line) -> Iterator[dict]:
    place = {"table": "", "setting": _joined(line.setting, "variant=control")}
    yield from _numbers(study, line, line.against["control"], place)


def _left(study: Study, result: object) -> Iterator[dict]:
    """A cell that no table shows."""
    cell = result.cell
    way = cell.split_name.way
    differs = [f"split={way}" * (way != study.paper.split), f"variant={cell.variant}" * bool(cell.variant)]
    place = {"table": "", "setting": _joined(*differs), "dataset": cell.dataset}
    for metric in study.paper.metrics:
        yield _row(study, Draws((result,)), metric, place)


def _numbers(study: Study, line: Line, result: Draws, place: Mapping) -> Iterator[dict]:
    for metric in line.metrics:
        found = _row(study, result, metric, {**place, "dataset": line.dataset}, line)
        if line.best:
            cell = result.cell
            chosen = result.done and cell.sampler
            found |= {
                "sampler": "",
                "reason": f"sampler {cell.sampler}, best in validation" if chosen else result.reason,
            }
        if line.plain and place["table"]:
            found["user_error"] = user_error(result, line.plain, metric.name, metric.k) / scaled_back(study)
        yield found


def scaled_back(study: Study) -> float:
    """Percentage points of a unit."""
    return 1.0 if study.paper.unit == "percent" else 100.0


def _row(study: Study, result: Draws, metric: Metric, place: Mapping, line: Line | None = None) -> dict:
    cell, name = result.cell, study.paper.printed_name
    values = scaled(study, result.values(metric.name, metric.k)) if result.done else np.array([])
    return {
        **place,
        "anchor": name(cell.anchor),
        "method": name(cell.treatment) or "none",
        "sampler": cell.sampler,
        "metric": metric.name,
        "k": metric.k,
        "cell": result.identifier,
        "status": result.status,
        "reason": result.reason,
        "seeds": len(values),
        "measured": values.mean() if len(values) else np.nan,
        "std": values.std(ddof=1) if len(values) > 1 else np.nan,
        "by_unit": dict(zip(result.seeds, values, strict=True)) if result.done else {},
        "user_error": np.nan,
        "family": recommenders().get(cell.anchor, ""),
        "reading": line.place.values.get("reading", "") if line else "",
        "flags": "; ".join(result.flags),
    }


def _groups(study: Study, target: str) -> Iterator[dict]:
    counts, name = coldness.counts_below(study.results), study.paper.printed_name
    lines = {(line.view, line.result.cell.name): line for line in study.lines(target)}
    metrics = {metric.name: metric for metric in study.paper.metrics}
    for row in coldness.frame(study, target).itertuples():
        headline, treatment = (
            row.candidates == next(iter(study.paper.views)),
            "" if row.method == "none" else row.method,
        )
        line = lines[row.candidates, row.cell.rsplit("/", 1)[1]]
        yield {
            "table": str(line.table) if headline else "",
            "setting": f"popularity={row.popularity}" + ("" if headline else f";candidates={row.candidates}"),
            "dataset": row.dataset,
            "anchor": name(row.anchor),
            "method": name(treatment) or "none",
            "sampler": "",
            "metric": row.metric,
            "k": row.k,
            "cell": row.cell,
            "status": row.status,
            "reason": row.reason,
            "family": recommenders().get(row.anchor, ""),
            "reading": "",
            "flags": row.flags,
            "seeds": row.seeds,
            "measured": row.mean,
            "std": row.std_seeds,
            **coldness.units(line, counts, row.popularity, metrics[row.metric]),
        }


def _joined(*parts: str) -> str:
    return ";".join(filter(None, parts))
