"""One standard deviation of several cells, and how many degrees of freedom it has.

Cells share draws of the data, seeds and anchors: their deviations go together, and so many cells know less than as
many independent ones would. The degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946) of the pooled
variance, with the covariances of the cells in it (Box, Annals of Mathematical Statistics 25, 1954). Squares and
products are estimated without bias, since those of few units are too large by what chance adds (Bai and Saranadasa,
Statistica Sinica 6, 1996). They lie between the degrees of freedom of one cell and the sum of all.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Pooled:
    """std, its degrees of freedom, and how many cells lent their variance; not a number where none could."""

    std: float
    freedom: float
    cells: int


def pooled(values: np.ndarray) -> Pooled:
    """values: shape (cells, units), a unit being a seed or a draw of the data; NaN where a cell does not have it."""
    known = ~np.isnan(values)
    values, known = values[known.sum(axis=1) > 1], known[known.sum(axis=1) > 1]
    if not len(values):
        return Pooled(float("nan"), float("nan"), 0)
    covariance = np.nan_to_num(pd.DataFrame(values.T).cov().to_numpy())
    own, shared = known.sum(axis=1) - 1, known.astype(int) @ known.T.astype(int) - 1
    variance = float(own @ np.diag(covariance) / own.sum())
    products, squares = _moments(covariance, shared)
    together = np.divide(squares, shared, out=np.zeros_like(squares), where=shared > 0)
    noise = float(own @ together @ own)
    freedom = float(own @ products @ own) / noise if noise > 0 else np.inf
    return Pooled(float(np.sqrt(variance)), float(np.clip(freedom, own.min(), own.sum())), len(values))


def _moments(covariance: np.ndarray, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair of cells the product of the true variances and the square of the true covariance, estimated from
    `shared` + 1 units. Two units cannot tell them apart: cells that have no more are taken to go together entirely."""
    freedom, several = np.maximum(shared, 1), np.maximum(shared - 1, 1)
    both, squared = np.multiply.outer(np.diag(covariance), np.diag(covariance)), covariance**2
    scale = freedom / (several * (freedom + 2))
    products = scale * ((freedom + 1) * both - 2 * squared)
    squares = scale * (freedom * squared - both)
    return np.where(freedom > 1, products, both / 3), np.where(freedom > 1, squares, both / 3)
