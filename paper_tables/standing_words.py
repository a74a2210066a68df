"""What a paper may say of where a method stands, in words: ready to paste."""

from pathlib import Path

import pandas as pd

from datasets.pipeline.files import read_json
from paper_tables.report.read import label
from paper_tables.results import DONE

LEVEL = 0.05


def sentence(method: str, rows: pd.DataFrame) -> str:
    """What a paper may say: better and worse than whom, and by which test, unit and correction."""
    tested = rows["p_value"].notna()
    found = rows["p_value_holm"] < LEVEL
    better, worse = (found & (rows["difference"] * side > 0) for side in (1, -1))
    sides = {"better than": better, "worse than": worse, "not told apart from": tested & ~better & ~worse}
    told = [f"{side} {_named(rows, rows[of])}" for side, of in sides.items() if of.any()]
    splits = ", ".join(rows["split"].unique())
    seeds = ", ".join(str(count) for count in sorted({*rows["seeds"], *rows["other_seeds"]}))
    number, untested = int(tested.sum()), int((~tested).sum())
    outcome = f"It was significantly {'; '.join(told)}. " if better.any() or worse.any() else ""
    outcome = outcome or f"It was {'; '.join(told)}. " * bool(told)
    seen = rows.loc[sides["not told apart from"], "detectable"]
    limit = f"{seen.min():.2g}" if seen.nunique() < 2 else f"{seen.min():.2g} to {seen.max():.2g}"
    return (
        f"On {splits}, {shown_name(method)} was compared with {rows['other'].nunique()} methods in "
        f"{metric_name(rows)} over all items, the {rows['candidates'].iloc[0]} for both. "
        f"{outcome}Test: two-sided paired sign-flip permutation test, p < {LEVEL} after Holm's correction over "
        f"these {number} comparisons; unit: the user, whose values are averaged over seeds first; number of seeds: "
        f"{seeds}; intervals: 95 %, over users, for these trained models."
        + f" Where nothing was told apart, {limit} points would have been seen in four of five cases." * bool(len(seen))
        + f" {untested} comparisons could not be tested, because the ranks of each user are missing." * bool(untested)
    )


def _named(rows: pd.DataFrame, those: pd.DataFrame) -> str:
    """`NARM and FPMC (2 of 3)`; with their splits where there are several."""
    several = rows["split"].nunique() > 1
    names = [shown_name(row.other) + f" on {row.split}" * several for row in those.itertuples()]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{listed} ({len(names)} of {int(rows['p_value'].notna().sum())})"


def metric_name(rows: pd.DataFrame) -> str:
    """`NDCG@5`: the papers' cut-offs differ."""
    return " and ".join(metric.upper() for metric in rows["metric"].unique())


def shown_name(name: str) -> str:
    """`NARM, D, STAMP`: a cell's name in the words of the cards."""
    return ", ".join(label(part) for part in name.split("."))


def instead(method: str, results: Path) -> str:
    """Why it failed where it did, and what is finished."""
    found = {file: read_json(file) for file in sorted((Path(results) / "cells").glob("*/*/*/result.json"))}
    reasons = dict.fromkeys(content.get("reason", "") for file, content in found.items() if file.parent.name == method)
    known = sorted({file.parent.name for file, content in found.items() if content.get("status") == DONE})
    said = f", it failed: {'; '.join(reasons)}" * bool(reasons)
    if known:
        return f"{said}; there are: {', '.join(known)}"
    beside = sorted({file.parents[4].name for file in results.parent.glob(f"*/cells/*/*/{method}/result.json")})
    where = f"that has it ({', '.join(beside)})" if beside else "that was run"
    return f"{said}, nor any other; name a scale {where}: make standing METHOD={method} SCALE={(beside or ['demo'])[0]}"
