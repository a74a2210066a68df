"""Could this harness have seen it? For each paper the positive and the negative control, and what the published runs
could have seen beside what is printed.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from paper_tables.kinds.dose import CONTROL, ORACLE, TREATMENT
from paper_tables.report import read
from paper_tables.report.tables import Column, Table, records, table
from paper_tables.reported import reported
from paper_tables.results import DONE
from paper_tables.spec.paper import paper

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
WORLDS = "worlds"  # the scale whose controls stand for one that has none of its own
CONTROLS = (
    Column("setting", "World"),
    Column("anchor", "Anchor", "name"),
    Column("draws", "Draws", "count"),
    Column("seen", "True answers seen"),
    Column("plain", "Anchor alone, %", "fixed"),
    Column("gain", "Gain of true answers", "signed"),
    Column("low", "95 % from", "signed"),
    Column("high", "to", "signed"),
    Column("over", "Over the control", "signed"),
    Column("over_low", "95 % from", "signed"),
    Column("over_high", "to", "signed"),
    Column("control", "Gain of the random control", "signed"),
    Column("wrong", "Gain of wrong answers", "signed"),
    Column("wrong_low", "95 % from", "signed"),
    Column("wrong_high", "to", "signed"),
    Column("break_even", "Break-even rate", "fixed"),
    Column("treatments", "Measured rates of the paper's own"),
)
RUNS = (
    Column("scale", "Published run"),
    Column("dataset", "Data set", "name"),
    Column("setting", "Setting", "setting"),
    Column("cells", "Cells", "count"),
    Column("seeds", "Seeds or draws", "count"),
    Column("detectable", "Smallest gain seen", "fixed"),
    Column("detectable_holm", "With Holm", "fixed"),
    Column("printed", "Printed gain", "signed"),
    Column("could", "Could have seen", "count"),
    Column("answer", "Answer"),
)
CONTROLS_NOTE = (
    "Percentage points over the anchor alone, in worlds whose truth is known. Positive control: an oracle's true "
    "answers to counterfactuals; they are seen where they lie above the anchor and above the random control beyond the "
    "interval of two levels. Negative control: the same with wrong answers only. Break-even: the rate of wrong answers "
    "at which the gain is gone, which stands beside the one half of the papers' theorems."
)
RUNS_NOTE = (
    "Percentage points over the plain anchor, medians over the augmented cells. Smallest gain seen: the difference "
    "that such a run finds in four of five cases with seeds (or draws) and users as levels, alone and with Holm's "
    "correction, by which findings are judged; one seed has no spread, and so none. Could have seen: cells whose "
    "printed gain is at least the corrected one."
)


def tables(paper: str, results: Path) -> list[Table]:
    """The section's tables, of what there is."""
    own, shared = (folder / "figures" / f"{paper}_dose.csv" for folder in (results, PUBLISHED / WORLDS))
    found, note = read.csv(own), CONTROLS_NOTE
    if found is None or found.empty:
        found, note = read.csv(shared), f"{CONTROLS_NOTE} Of the published scale {WORLDS}."
    shown = []
    if found is not None and len(found):
        shown.append(table(f"{paper}-seen-controls", "Positive and negative control", controls(found), CONTROLS, note))
    runs = [row for file in sorted(PUBLISHED.glob(f"*/tables/{paper}_tests.csv")) for row in runs_of(paper, file)]
    if runs:
        title = "What the published runs could have seen"
        shown.append(table(f"{paper}-seen-runs", title, records(runs), RUNS, RUNS_NOTE))
    return shown


def controls(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each world and anchor of a dose curve."""
    rows = rows.assign(**{key: pd.to_numeric(rows[key], errors="coerce") for key in (*_NUMBERS, "rate", "x", "draws")})
    found = []
    for (setting, anchor), own in rows.groupby(["setting", "anchor"], sort=False):
        oracle = own[own["kind"] == ORACLE].set_index("rate")
        first, last, control = oracle.iloc[0], oracle.iloc[-1], own[own["kind"] == CONTROL].iloc[0]
        marked = own[(own["kind"] == TREATMENT) & own["x"].notna()]
        sure = first["low"] > 0 and first["over_control_low"] > 0
        found.append(
            {
                "setting": setting,
                "anchor": anchor,
                "draws": first["draws"],
                "seen": "yes" if sure else "no" if first["low"] == first["low"] else "",
                "plain": first["plain_mean"],
                **{name: first[name] for name in ("gain", "low", "high", "break_even")},
                **{f"over{end}": first[f"over_control{end}"] for end in ("", "_low", "_high")},
                "control": control["gain"],
                **{f"wrong{end}": last[name] for end, name in (("", "gain"), ("_low", "low"), ("_high", "high"))},
                "treatments": ", ".join(f"{read.label(row.method)} {row.x:.2f}" for row in marked.itertuples()),
            }
        )
    return records(found)


_NUMBERS = ("gain", "low", "high", "plain_mean", "break_even", "over_control", "over_control_low", "over_control_high")


def runs_of(paper: str, file: Path) -> list[dict]:
    """One row for each data set and setting of a published scale, of the paper's last metric."""
    rows, gains = read.csv(file), printed_gains(paper)
    metric = rows["metric"].iloc[-1] if len(rows) else ""
    rows = rows[(rows["comparison"] == "plain") & (rows["status"] == DONE) & (rows["metric"] == metric)]
    seeds = pd.to_numeric(rows["seeds"])
    rows = rows.assign(
        printed=[gains.get(key, float("nan")) for key in (_key(paper, row) for row in rows.to_dict("records"))],
        **{name: pd.to_numeric(rows[name]).where(seeds > 1) for name in SMALLEST},
        seeds=seeds,
    )
    found = []
    for (dataset, setting), own in rows.groupby(["dataset", "setting"], sort=False):
        own = own[own["printed"].notna()]
        if len(own):
            could, known = int((own["printed"] >= own["detectable_holm"]).sum()), own["detectable_holm"].notna().any()
            found.append(
                {
                    "scale": file.parts[-3],
                    "dataset": dataset,
                    "setting": setting,
                    "cells": len(own),
                    "seeds": own["seeds"].median(),
                    **own[list(SMALLEST)].median(),
                    "printed": own["printed"].median(),
                    "could": could if known else "",
                    "answer": _answer(could, len(own)) if known else "one seed: no spread, hence no answer",
                }
            )
    return found


def printed_gains(paper: str) -> dict[tuple, float]:
    """Printed gain over the printed anchor, in percentage points, by what identifies a row of the tests."""
    rows = reported(paper)
    rows = rows[~rows["suspect"]].assign(value=rows["printed"] * rows["unit"].map({"percent": 1, "fraction": 100}))
    place = ["table", "dataset", "setting", "anchor", "metric"]
    plain = rows[rows["method"] == "none"].set_index(place)["value"]
    found = {}
    for row in rows[rows["method"] != "none"].to_dict("records"):
        base = plain.get(tuple(row[name] for name in place))
        if base is not None:
            found[tuple(row[name] for name in KEY)] = row["value"] - base
    return found


SMALLEST = ("detectable", "detectable_holm")
KEY = ("dataset", "setting", "anchor", "method", "sampler", "metric")


def _key(name: str, row: Mapping) -> tuple:
    """A row of the tests as the printed tables name it, which know no reading of the formulas."""
    setting = ";".join(part for part in row["setting"].split(";") if not part.startswith("reading="))
    printed = paper(name).printed_name
    names = {"setting": setting, "anchor": printed(row["anchor"]), "method": printed(row["method"])}
    return tuple((row | names)[key] for key in KEY)


def _answer(could: int, cells: int) -> str:
    if could == 0:
        return "this run could not have seen it"
    return "yes" if could == cells else f"in {could} of {cells} cells"
