"""Table 1: the sizes of the data sets, measured beside printed, with a verdict for each count."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from paper_tables import latex, marks
from paper_tables.reported import tables
from paper_tables.spec.grid import shown_datasets
from paper_tables.spec.paper import Paper
from paper_tables.study import Study

COUNTS = ("users", "items", "interactions", "density_percent")
EXACT, PADDING, DIFFERS, NOT_RUN, UNPRINTED = "exact", "off by padding only", "differs", "not run", "not in the paper"
COLUMNS = "dataset count status measured printed verdict recipe recipe_remark printed_footnote".split()
_SIGNS = {EXACT: "$=$", PADDING: "$+1$", DIFFERS: r"$\neq$", NOT_RUN: "", UNPRINTED: ""}


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each data set and count, from `data/<dataset>/data.json` and the printed table."""
    places = [content for content in study.paper.data.values() if "datasets" in content]
    datasets = [dataset for content in places for dataset in shown_datasets(study.plan, content)]
    return of_datasets(study.paper, datasets, study.results)


def of_datasets(paper: Paper, datasets: Iterable[str], results: Path) -> pd.DataFrame:
    return pd.DataFrame([row for dataset in datasets for row in _rows(paper, dataset, results)], columns=COLUMNS)


def verdict(count: str, measured: Mapping[str, float], printed: str) -> str:
    """One of the measured counts against the printed one. RecBole counts one padding token among the users and one
    among the items, so that a printed count may be one larger, and a printed density may be that of the larger counts;
    density is compared in the printed digits.
    """
    if not printed:
        return UNPRINTED
    padded = {**measured, "users": measured["users"] + 1, "items": measured["items"] + 1}
    for counts, said in ((measured, EXACT), (padded, PADDING)):
        if _written(count, counts) == printed:
            return said
    return DIFFERS


def _written(count: str, counts: Mapping[str, float]) -> str:
    """A count as Table 1 writes it."""
    if count != "density_percent":
        return str(counts[count])
    return f"{100 * counts['interactions'] / (counts['users'] * counts['items']):.2f}"


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The frame, with its marks, as a LaTeX table, one row a data set."""
    body = []
    for dataset, rows in frame.groupby("dataset", sort=False):
        numbers = []
        for row in rows.rename(columns={"count": "count_"}).itertuples():
            digits = 2 if row.count_ == "density_percent" else 0
            measured = "not run" if row.status == NOT_RUN else f"{row.measured:,.{digits}f}"
            printed = f"{float(row.printed):,.{digits}f}" if row.printed else ""
            numbers += [rf"\textit{{{measured}}}" if row.status == NOT_RUN else measured, printed, _SIGNS[row.verdict]]
        body.append(" & ".join([marks.marked_label(frame, dataset), *numbers, _state(rows)]))
    names = ("Users", "Items", "Interactions", r"Density (\%)")
    heads = [rf"\multicolumn{{3}}{{c}}{{{name}}}" for name in names]
    rules = [rf"\cmidrule(lr){{{start}-{start + 2}}}" for start in range(2, 14, 3)]
    head = [
        " & ".join(["", *heads, ""]),
        " ".join(rules),
        " & ".join(["Data set", *["measured", "printed", ""] * 4, "Recipe"]),
    ]
    caption = (
        rf"{study.paper.label}'s Table 1: sizes of the data sets, measured beside printed. $=$: the printed count; "
        r"$+1$: printed is one more than measured, the padding token that RecBole counts (of a density: that of the "
        r"counts with it); "
        r"$\neq$: differs, the closest known recipe is used."
    )
    return latex.table(
        "l" + "rrl" * 4 + "l", head, body, f"{caption} {marks.legend(frame)}".strip(), f"tab:{study.paper.name}-1"
    )


def _rows(paper: Paper, dataset: str, results: Path) -> list[dict]:
    file = results / "data" / dataset / "data.json"
    about = read_json(file) if file.is_file() else None
    printed = {row["dataset"]: row for row in tables(paper.name)[1].to_dict("records")}.get(dataset, {})
    described = card(dataset)
    rows = []
    for count in COUNTS:
        row = {
            "dataset": dataset,
            "count": count,
            "status": "done" if about else NOT_RUN,
            "measured": float("nan"),
            "printed": printed.get(count, ""),
            "verdict": NOT_RUN,
            "recipe": "; ".join(_step(step) for step in described.steps) or "as published",
            "recipe_remark": described.printed.get(paper.name, {}).get("remark", ""),
            "printed_footnote": printed.get("footnote", ""),
        }
        if about:
            try:
                row["measured"] = about["counts"][count]
                row["verdict"] = verdict(count, about["counts"], row["printed"])
            except KeyError as missing:
                raise BadInput(f"{file}: key {missing} is missing; prepare the data set again") from missing
        rows.append(row)
    return rows


def _step(step: dict) -> str:
    """`{k_core: {users: 5, items: 5}}` -> `k-core users 5, items 5`."""
    [(name, value)] = step.items()
    text = ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)
    return f"{name.replace('_', ' ')} {text}"


def _state(rows: pd.DataFrame) -> str:
    verdicts = set(rows.loc[rows["count"] != "density_percent", "verdict"])
    if verdicts <= {EXACT, PADDING}:
        return "reproduces"
    return {frozenset({NOT_RUN}): "not run", frozenset({UNPRINTED}): "own data"}.get(
        frozenset(verdicts), "closest known"
    )
