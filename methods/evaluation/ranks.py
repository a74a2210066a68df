"""Metrics from a table of ranks, `seed-<s>.ranks.parquet` (workflow/README.md), and whether a result says the same."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import parquet

from datasets.pipeline.errors import Damaged
from methods.evaluation.metrics import summary

VIEWS = ("kept", "removed", "sampled")
TOLERANCE = 1e-9  # of a mean that another version of a library has added up


def read_ranks(file: Path) -> pd.DataFrame:
    """The whole table. Damaged where it is not one of ranks."""
    try:
        table = parquet.ParquetFile(file).read().to_pandas()
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise Damaged(file, f"not readable as a table of ranks ({error})") from error
    wanted = ["user", "target", *(f"{count}_{view}" for view in ("kept", "removed") for count in ("above", "ties"))]
    wanted += [f"{count}_sampled" for count in ("above", "ties") if "sampled" in views(table)]
    if not {"part", *wanted} <= {*table.columns} or not all(map(pd.api.types.is_integer_dtype, table[wanted].dtypes)):
        raise Damaged(file, f"not a table of ranks, its columns are {', '.join(map(str, table.columns))}")
    if table[wanted].lt(0).any(axis=None):
        raise Damaged(file, "a count below 0")
    return table


def views(table: pd.DataFrame) -> list[str]:
    return [view for view in VIEWS if f"above_{view}" in table]


def metrics_of(table: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """part -> view -> metric, as in a result."""
    return {
        part: {view: summary(rows[f"above_{view}"], rows[f"ties_{view}"]) for view in views(table)}
        for part, rows in table.groupby("part")
    }


def groups_of(table: pd.DataFrame, groups: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """group -> part -> view -> metric, as in a result: of the same ranks, of the users of each group."""
    return {name: metrics_of(table[table["user"].isin(users)]) for name, users in groups.items()}


def disproved(metrics: Mapping, table: pd.DataFrame) -> str:
    """The first metric of a seed that its ranks do not give, in words; empty where they give all."""
    found = metrics_of(table)
    for part, by_view in found.items():
        for view, values in by_view.items():
            for name, value in values.items():
                said = metrics.get(part, {}).get(view, {}).get(name)
                if said is None or not abs(said - value) <= TOLERANCE:
                    return f"{part} {view} {name} is {said}, its ranks give {value:.6f}"
    return ""
