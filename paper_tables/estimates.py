"""What a verdict rests on: a number over seeds or draws, its own deviation, and the one pooled over like cells."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from paper_tables.statistics import pooled

NO_SPREAD = 1e-9  # a standard deviation below it is arithmetic, not randomness
LIKE = ["dataset", "setting", "metric", "k", "family", "treated"]  # cells that agree in these share one deviation
COLUMNS = ["mean", "units", "own_std", "std", "freedom", "cells"]


def estimates(rows: pd.DataFrame, by_unit: pd.Series) -> pd.DataFrame:
    """COLUMNS for each row. by_unit: of each row {seed or draw: number}, empty where there is none.

    own_std: over the row's own units. std: what is used, with its degrees of `freedom`: that of all `cells` which agree
    in LIKE, together; a cell that has no spread at all, in any metric, has no chance in it: it keeps its 0 and lends it
    to none. NaN where no cell has two units.
    """
    counts = by_unit.map(len)
    found = pd.DataFrame(
        {
            "mean": by_unit.map(lambda values: float(np.mean(list(values.values()))) if values else np.nan),
            "units": counts,
            "own_std": by_unit.map(lambda values: np.std(list(values.values()), ddof=1) if len(values) > 1 else np.nan),
        }
    )
    fixed = found["own_std"].groupby(rows["cell"]).transform("max") <= NO_SPREAD
    lends = (counts > 1) & ~fixed
    lends &= ~rows[[*LIKE, "cell"]].where(lends).duplicated()  # a cell that two tables show lends once
    keys = rows[LIKE].apply(tuple, axis=1)
    shared = {key: pooled(_matrix(by_unit[of.index])) for key, of in keys[lends].groupby(keys[lends])}
    nothing = pooled(np.empty((0, 0)))
    lent = [shared.get(key, nothing) for key in keys]
    return found.assign(
        std=np.where(fixed, 0.0, [each.std for each in lent]),
        freedom=np.where(fixed, counts - 1, [each.freedom for each in lent]),
        cells=np.where(fixed, 1, [each.cells for each in lent]),
    )


def paired(by_unit: pd.Series, others: pd.Series) -> pd.Series:
    """Of each row its number minus the other's, for the units that both have."""
    both = zip(by_unit, others, strict=True)
    apart = [{unit: own[unit] - its[unit] for unit in own if unit in its} for own, its in both]
    return pd.Series(apart, index=by_unit.index, dtype=object)


def _matrix(by_unit: pd.Series) -> np.ndarray:
    """Shape (cells, units); NaN where a cell does not have the unit."""
    values: list[Mapping] = list(by_unit)
    return pd.DataFrame(values).to_numpy(dtype=float)
