"""The printed numbers of a paper's result tables, with what is doubtful in them (README.md says what each column is).

A paper is a folder papers/<name> that holds `printed/table<number>.csv`, exactly as printed, and
`anomalies.yaml`. A paper without results of ours is reference data only: nothing here asks for more than these files.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product

import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml
from paper_tables.spec.paper import PAPERS, papers

KEYS = ("table", "dataset", "setting", "anchor", "method", "sampler", "metric", "k")
# What an anomaly means for a number that it touches. Lost: not in the text. Unusable: impossible, or one of two that
# exclude each other. Not comparable: what was measured, or how, cannot be known.
LOST, UNUSABLE, NOT_COMPARABLE, NONE = "lost", "unusable", "not comparable", "none"
MISSING = "missing"  # instead of a number that is lost in the text
_ENTRY = {"id", "table", "where", "cells", "consequence", "kind", "severity", "what"}  # and the evidence, if any


@cache
def reported(paper: str) -> pd.DataFrame:
    """One row for each printed number of the paper's result tables, lost ones included. Read it, never change it.

    The columns of the CSV files, all as text (`value` is the number as printed, "" where it is lost), and
    printed: the number, NaN where it is lost; suspect: it is lost or unusable, and so no target;
    anomalies: identifiers of the anomalies that touch it, joined by "; ".
    """
    rows = pd.concat([rows for rows in tables(paper).values() if "metric" in rows], ignore_index=True)
    found = anomalies(paper)
    rows = pd.concat([rows, *(_lost_rows(entry, rows) for entry in found)], ignore_index=True)
    touched = pd.DataFrame({entry["id"]: touches(entry, rows) for entry in found}, index=rows.index)
    bad = [entry["id"] for entry in found if entry["consequence"] in (LOST, UNUSABLE)]
    return rows.assign(
        printed=pd.to_numeric(rows["value"]),
        suspect=touched[bad].any(axis=1),
        anomalies=["; ".join(touched.columns[row]) for row in touched.to_numpy(dtype=bool)],
    )


@cache
def tables(paper: str) -> dict[int, pd.DataFrame]:
    """Table number -> its rows as text. Result tables share their columns; tables of counts have their own."""
    files = sorted((PAPERS / paper / "printed").glob("table*.csv"))
    if not files:
        raise BadInput(f"no printed numbers of '{paper}': one of {', '.join(papers())}")
    return {int(file.stem.removeprefix("table")): pd.read_csv(file, dtype=str, keep_default_na=False) for file in files}


@cache
def anomalies(paper: str) -> tuple[Mapping, ...]:
    """What is doubtful in the paper's tables and text, checked. Raises BadInput for an entry that says too little."""
    file = PAPERS / paper / "anomalies.yaml"
    entries = parse_yaml(file.read_text(encoding="utf-8"))
    for entry in entries:
        if set(entry) - {"evidence"} != _ENTRY:
            raise BadInput(f"{file}: {entry.get('id')}: expected the keys {', '.join(sorted(_ENTRY))}")
        if entry["consequence"] not in (LOST, UNUSABLE, NOT_COMPARABLE, NONE):
            raise BadInput(f"{file}: {entry['id']}: unknown consequence '{entry['consequence']}'")
        if unknown := {key for one in entry["cells"] for key in one} - {*KEYS, "footnote"}:
            raise BadInput(f"{file}: {entry['id']}: cells have no {', '.join(sorted(unknown))}")
    return tuple(entries)


def touches(entry: Mapping, rows: pd.DataFrame) -> pd.Series:
    """Which rows an anomaly touches. Its `table` and each of its `cells` are filters: an absent key takes all, a list
    takes each of its values, `footnote` is a part of the row's footnote.
    """
    inside = pd.Series(False, index=rows.index)
    for one in entry["cells"]:
        inside |= matches(one, rows)
    return inside & rows["table"].isin([str(number) for number in entry["table"]])


def matches(cells: Mapping, rows: pd.DataFrame) -> pd.Series:
    """Which rows one filter takes, e.g. {method: casr-h, metric: [f1, ndcg]}."""
    inside = pd.Series(True, index=rows.index)
    for key, wanted in cells.items():
        if key == "footnote":
            inside &= rows[key].str.contains(wanted, regex=False)
        else:
            inside &= rows[key].isin([str(value) for value in _listed(wanted)])
    return inside


def _lost_rows(entry: Mapping, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the text has lost: every combination of the values that the anomaly names."""
    if entry["consequence"] != LOST:
        return rows.iloc[:0]
    alike = rows[rows["table"].isin([str(number) for number in entry["table"]])].iloc[0]
    kept = {"paper": alike["paper"], "unit": alike["unit"], "footnote": f"{entry['what']} ({entry['id']})"}
    lost = [
        dict.fromkeys(rows.columns, "") | kept | {"table": str(number)} | dict(zip(one, map(str, values), strict=True))
        for number in entry["table"]
        for one in entry["cells"]
        for values in product(*map(_listed, one.values()))
    ]
    return pd.DataFrame(lost, columns=rows.columns)


@cache
def printed_numbers(paper: str) -> dict[tuple, tuple[str, str, str]]:
    """KEYS of each printed number -> (value as printed, `missing` where it is lost; footnote; printed gain)."""
    rows = reported(paper)
    keys = zip(*(rows[key] for key in KEYS), strict=True)
    columns = zip(rows["value"], rows["footnote"], rows["reported_gain_percent"], strict=True)
    return {key: (value or MISSING, footnote, gain) for key, (value, footnote, gain) in zip(keys, columns, strict=True)}


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]
