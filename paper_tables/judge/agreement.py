"""How far measured and printed agree over a whole table: counts of verdicts, and the order of the methods."""

import numpy as np
import pandas as pd

from paper_tables.judge.verdicts import CANNOT_TELL, verdict_names
from paper_tables.results import DONE

PANEL = ["paper", "table", "dataset", "metric"]
DRAWS = 2000
FEWEST = 5  # methods, for an interval to mean anything


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """How many printed numbers of each (paper, table, dataset, metric) have each verdict, and how many there are."""
    counts = pd.crosstab([rows[name] for name in PANEL], rows["verdict"])
    order = pd.MultiIndex.from_frame(rows[PANEL].drop_duplicates())
    counts = counts.reindex(index=order, columns=verdict_names(), fill_value=0)
    return counts.assign(numbers=counts.sum(axis=1))


def agreement(rows: pd.DataFrame) -> pd.DataFrame:
    """For each (paper, table, dataset, metric): Kendall's tau-b of measured against printed over its `methods` (all
    numbers of the panel, plain and treated) that were measured and whose printed value is not suspect; a number that
    cannot tell has no place in an order. Only numbers of the same setting are held against each other.

    tau_low, tau_high: 95 % percentile interval over DRAWS bootstrap draws of methods, NaN below FEWEST methods. It says
    how much the order rests on a few methods; that seeds and users vary, too, is not in it.
    """
    found = []
    for names, panel in rows.groupby(PANEL, sort=False):
        tells = ~panel[["verdict", "by_numbers"]].eq(CANNOT_TELL).any(axis=1)
        panel = panel[(panel["status"] == DONE) & panel["printed"].notna() & ~panel["suspect"] & tells]
        values = (panel[name].to_numpy() for name in ("measured", "printed", "setting"))
        tau, low, high = kendall(*values)
        found.append((*names, len(panel), tau, low, high))
    return pd.DataFrame(found, columns=[*PANEL, "methods", "tau", "tau_low", "tau_high"])


def kendall(
    first: np.ndarray, second: np.ndarray, settings: np.ndarray | None = None, seed: int = 1
) -> tuple[float, float, float]:
    """(tau-b, low, high) of two rankings of the same methods, each of shape (methods,); settings: only pairs of the
    same one count.

    A method that is drawn twice ties with itself in both, which tau-b leaves out by definition: a draw is therefore a
    weight for each pair of methods, and all draws are one product of matrices. NaN where nothing can be said.
    """
    count = len(first)
    if count < 2:
        return float("nan"), float("nan"), float("nan")
    one, two = (np.sign(np.subtract.outer(values, values)) for values in (first, second))
    if settings is not None:
        alike = np.equal.outer(settings, settings)
        one, two = one * alike, two * alike
    tau = float(_tau_b(np.ones((1, count)), one, two)[0])
    if count < FEWEST:
        return tau, float("nan"), float("nan")
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    low, high = np.nanquantile(_tau_b(draws, one, two), [0.025, 0.975])
    return tau, float(low), float(high)


def _tau_b(weights: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """tau-b of each row of weights, shape (draws,); one and two are the signs of all pairs, (methods, methods)."""

    def over_pairs(signs: np.ndarray) -> np.ndarray:
        return ((weights @ signs) * weights).sum(axis=1)

    scale = np.sqrt(over_pairs(one * one) * over_pairs(two * two))
    return np.divide(over_pairs(one * two), scale, out=np.full(len(weights), np.nan), where=scale > 0)
