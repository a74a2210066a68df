"""Measured beside printed: one row for each printed number of every paper of a scale, and for each number that was
measured and not printed. `results/<scale>/comparison.csv`, and a short form for the terminal.

python -m paper_tables.judge.comparison --scale-file config/quick.yaml --results results/quick
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file
from paper_tables.command import answer, page_folder, page_parser
from paper_tables.judge import measured as measure
from paper_tables.judge.agreement import agreement, counted
from paper_tables.judge.verdicts import incomparable, judged, signs, verdict_names
from paper_tables.reported import KEYS, reported
from paper_tables.results import NOT_RUN
from paper_tables.study import Study

COLUMNS = (
    "paper table dataset setting anchor method sampler metric k unit printed printed_text footnote suspect anomalies "
    "status reason measured std seeds judged printed_gain gain gain_std pooled_std freedom user_error low high "
    "difference relative_difference reading verdict verdict_reason by_numbers flags cell"
).split()


def comparison(scale: Mapping, results: Path) -> pd.DataFrame:
    """The rows of all papers of the scale (columns: README.md). Reads files only; what is missing is not run."""
    papers = scale.get("papers") or {}
    studies = [Study.of(paper, scale, Path(results)) for paper in papers]
    return pd.concat(map(paper_comparison, studies), ignore_index=True)


def paper_comparison(study: Study) -> pd.DataFrame:
    """The same of one paper."""
    keys, paper = list(KEYS), study.paper.name
    printed = reported(paper).rename(columns={"std": "printed_std"})
    measured = measure.measured(study)
    rows = printed.merge(measured, how="outer", on=keys, suffixes=("", "_measured"), indicator="side", validate="1:1")
    place = pd.concat([printed[keys], measured[keys]]).drop_duplicates().reset_index(drop=True)
    rows = place.merge(rows, how="left", on=keys)
    both = rows[rows["side"] == "both"]
    if (both["unit"] != both["unit_measured"]).any():
        raise BadInput(f"{paper}: unit is not that of the printed numbers")
    rows["unit"] = rows["unit"].fillna(rows["unit_measured"])
    rows["paper"] = paper
    rows["suspect"] = rows["suspect"].eq(True)
    rows["seeds"] = rows["seeds"].fillna(0).astype(int)
    rows["status"] = rows["status"].fillna(NOT_RUN)
    rows["reason"] = rows["reason"].fillna("not part of this scale")
    texts = ["value", "footnote", "anomalies", "flags", "cell", "incomparable", "family", "reading"]
    rows[texts] = rows[texts].fillna("")
    rows["by_unit"] = rows["by_unit"].map(lambda found: found if isinstance(found, dict) else {})
    return judged(rows).rename(columns={"value": "printed_text"})[COLUMNS]


def short_form(rows: pd.DataFrame) -> str:
    """What follows, in one screen: how many of each verdict, how far the order of the methods agrees, and why not."""
    printed = rows[rows["verdict"] != ""]
    if printed.empty:
        return "Nothing is printed for what this scale runs."
    counts = counted(printed).reset_index()
    counts = counts.merge(agreement(printed), how="left", on=["paper", "table", "dataset", "metric"])
    run = counts[counts[NOT_RUN] + counts["printed value suspect"] < counts["numbers"]]
    lines = []
    if len(run):
        heads = {name: f"{name} {sign}".replace(" ", "\n") for name, sign in signs().items()}
        shown = run.assign(agreement=[_tau(row) for row in run.itertuples()])
        shown = shown[["paper", "table", "dataset", "metric", *verdict_names(), "agreement"]].rename(columns=heads)
        shown = shown.rename(columns={"agreement": "order of methods"})
        lines += [tabulate(shown, headers="keys", showindex=False, disable_numparse=True), ""]
        lines += ["Order of methods: Kendall's tau-b, measured against printed, with its 95 % bootstrap interval.", ""]
    for dataset, why, of in incomparable(printed):
        bare = of["by_numbers"].value_counts()
        told = ", ".join(f"{bare[name]} {name} {sign}" for name, sign in signs().items() if name in bare)
        alone = f"By the numbers alone: {told or 'nothing can be said'}."
        lines.append(f"{dataset}, not comparable in {len(of)} of its numbers: {why}. {alone}")
    left = sorted(set(counts["dataset"]) - set(run["dataset"]))
    if left:
        lines.append(f"Not run, or nothing to compare with: {', '.join(left)}.")
    failed = rows[(rows["status"] == "failed")].drop_duplicates("cell")
    lines += [f"failed: {row.cell}: {row.reason}" for row in failed.itertuples()]
    return "\n".join(lines)


def write(rows: pd.DataFrame, results: Path) -> Path:
    file = Path(results) / "comparison.csv"
    with whole_file(file) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    return file


def _tau(row: object) -> str:
    if pd.isna(row.tau):
        return ""
    interval = "" if pd.isna(row.tau_low) else f" [{row.tau_low:+.2f}, {row.tau_high:+.2f}]"
    return f"{row.tau:+.2f}{interval}, {row.methods:.0f} methods"


def main(arguments: list[str] | None = None) -> int:
    chosen = page_parser("paper_tables.judge.comparison", __doc__).parse_args(arguments)
    return answer(chosen.scale_file, page_folder(chosen), _compared)


def _compared(scale: Mapping, results: Path) -> tuple[str, str]:
    rows = comparison(scale, results)
    return short_form(rows), f"Every number: {write(rows, results)}"


if __name__ == "__main__":
    start(main)
