"""What has to be said wherever it is printed: beside a data set's name an unverified source, an error of its audit;
beside a row's number or name what its cell's flags say."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from paper_tables import latex, nearly_observed
from paper_tables.findings import findings
from paper_tables.labels import dataset_label
from paper_tables.results import LAST_EPOCH
from paper_tables.source import verified

UNVERIFIED = r"$^\dagger$"
ERROR = r"\textsuperscript{\textcolor{red}{\textbf{!!}}}"
FLAGS = {  # flag of a result -> its sign, and what it means
    LAST_EPOCH: (r"\ddagger", "in some seed still improving when its budget of epochs ended"),
    nearly_observed.FLAG: (r"\approx", f"trained on a set that is nearly the observed data: {nearly_observed.MEANING}"),
}


def with_marks(rows: pd.DataFrame, results: Path, variants: Mapping[str, Iterable[str]] | None = None) -> pd.DataFrame:
    """The rows of a table and two columns more. `verified`: yes or no, as data.json says, empty where there is none;
    `audit_errors`: what the audit of the data set calls an error. variants: data set of the table -> the data sets that
    it stands for, where it is not one itself.
    """
    data = {dataset: (variants or {}).get(dataset, [dataset]) for dataset in rows["dataset"].unique()}
    verified = {dataset: _all_verified(names, Path(results)) for dataset, names in data.items()}
    errors = {dataset: _errors(names, results) for dataset, names in data.items()}
    columns = {"verified": rows["dataset"].map(verified), "audit_errors": rows["dataset"].map(errors)}
    return rows.assign(**{name: column.astype(str) for name, column in columns.items()})  # texts, in no row, too


def marked_label(rows: pd.DataFrame, dataset: str) -> str:
    """The data set's name with its marks, as LaTeX."""
    unverified, errors = _about(rows, dataset)
    return latex.escape(dataset_label(dataset)) + UNVERIFIED * unverified + ERROR * bool(errors)


def plain_label(rows: pd.DataFrame, dataset: str) -> str:
    """The same as plain text, for a picture."""
    unverified, errors = _about(rows, dataset)
    return dataset_label(dataset) + "†" * unverified + " (!!)" * bool(errors)


def legend(rows: pd.DataFrame) -> str:
    """What the marks mean, and only the marks that occur; LaTeX, to be put after a caption."""
    about = {dataset: _about(rows, dataset) for dataset in rows["dataset"].unique()}
    parts = []
    if any(unverified for unverified, _ in about.values()):
        parts.append(r"$\dagger$: unverified source, the raw file's checksum is not the published one.")
    errors = [f"{dataset_label(dataset)}: {text}" for dataset, (_, text) in about.items() if text]
    if errors:
        meaning = "error of the audit, a metric on this data says nothing about a model unless the cause is removed."
        parts.append(rf"\textcolor{{red}}{{\textbf{{!!}}}}: {meaning} {latex.escape('. '.join(errors))}.")
    return " ".join(parts)


def of_flags(flags: str) -> str:
    """The signs of a row's flags, as LaTeX."""
    return "".join(f"$^{sign}$" for flag, (sign, _) in FLAGS.items() if flag in flags)


def flags_legend(flags: pd.Series) -> str:
    """What the signs mean, and only those that occur; LaTeX."""
    texts = flags.astype(str)  # of no row, too
    there = [meant for flag, meant in FLAGS.items() if texts.str.contains(flag, regex=False).any()]
    return " ".join(f"${sign}$: {latex.escape(meaning)}." for sign, meaning in there)


def _about(rows: pd.DataFrame, dataset: str) -> tuple[bool, str]:
    first = rows[rows["dataset"] == dataset].iloc[0]
    return first["verified"] == "no", first["audit_errors"]


def _all_verified(datasets: Iterable[str], results: Path) -> str:
    """yes if all of which it is known are."""
    said = {verified(results, dataset) for dataset in datasets}
    return "no" if False in said else "yes" if True in said else ""


def _errors(datasets: Iterable[str], results: Path) -> str:
    """What the audits call errors; of the same one in several draws the first, and how many there are."""
    found: dict[str, list[str]] = {}
    for dataset in datasets:
        for finding in findings(dataset, results):
            if finding["level"] == "error":
                found.setdefault(finding["check"], []).append(f"{finding['value']:.2f} {finding['meaning']}")
    texts = {check: f"{of[0]}, {len(of)} draws" if len(of) > 1 else of[0] for check, of in found.items()}
    return "; ".join(f"{check} ({text})" for check, text in texts.items())
