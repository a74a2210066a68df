"""The rows that claims are tested on: printed or measured numbers, in one form."""

from collections.abc import Mapping

import pandas as pd

from datasets.pipeline.card import cards
from paper_tables.reported import KEYS, reported

OPTIONAL = {"x": float("nan"), "seed": -1, "suspect": False, "flags": ""}
DERIVED = ("has_time", "sampler_is")


def evidence(rows: pd.DataFrame) -> pd.DataFrame:
    """Bring rows into the form of evidence: KEYS, `value` and, added where they are not there,

    x: place on a figure's axis (NaN off figures); seed (-1 where there is none); suspect; flags;
    setting.<name>: each part of `setting`; has_time: yes or no, as the data set's card says, "" where it has none;
    sampler_is: own or other than the anchor, "" without a sampler.
    """
    rows = pd.DataFrame(OPTIONAL, rows.index).assign(**rows)
    rows = rows.dropna(subset="value").reset_index(drop=True)[[*KEYS, "value", *OPTIONAL]]
    rows[list(KEYS)] = rows[list(KEYS)].astype(str)
    settings = [dict(part.split("=", 1) for part in text.split(";") if part) for text in rows["setting"]]
    parts = pd.DataFrame(settings, index=rows.index).fillna("").add_prefix("setting.")
    time = {name: "yes" if card.has_time else "no" for name, card in cards().items()}
    own = (rows["sampler"] == rows["anchor"]).map({True: "own", False: "other"})
    rows = rows.assign(has_time=rows["dataset"].map(time).fillna(""), sampler_is=own.where(rows["sampler"] != "", ""))
    return pd.concat([rows, parts], axis=1)


def printed_evidence(paper: str) -> pd.DataFrame:
    """The numbers of the paper's result tables; those that are lost are left out, suspect ones are marked."""
    return evidence(reported(paper).drop(columns="value").rename(columns={"printed": "value"}))


def select(rows: pd.DataFrame, cells: Mapping) -> pd.DataFrame:
    """The rows that a filter takes: an absent key takes all, a list each of its values, {not: …} all the others.

    A key that the rows do not have takes none: measured rows lack, for instance, the settings of another paper.
    """
    inside = pd.Series(True, index=rows.index)
    for key, wanted in cells.items():
        refused = isinstance(wanted, Mapping)
        values = wanted["not"] if refused else wanted
        values = values if isinstance(values, list) else [values]
        column = rows.get(key, pd.Series(index=rows.index, dtype=object))
        inside &= column.isin([float(value) if key == "x" else str(value) for value in values]) != refused
    return rows[inside]


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their values averaged over the seeds."""
    same = [name for name in rows if name not in ("value", "seed", "suspect", "flags")]
    return rows.groupby(same, dropna=False, sort=False, as_index=False).agg(value=("value", "mean"))
