"""Adam for embedding tables, of which each batch touches some rows: what Adam computes, without a pass over all rows.

Adam moves also a row without a gradient, by the mean of its earlier ones. Here such idle steps wait until the row is
wanted again, or training pauses (`settle`). A test holds this one against `Adam`, up to rounding.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from methods.engine.fit.adam import DECAYS, EPSILON
from methods.engine.layers.kernels.row_adam import NEVER, Pace, Table, make_up, move

CORRECTED = 20_000  # steps after which the corrections of Adam's bias are 1 in float32: 0.999^20000 = 2e-9


class RowAdam:
    """tables: for the kernels that fill `gradients`, in the order of the parameters, each (rows, dim) on the CPU."""

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float) -> None:
        self.pace = _pace(learning_rate)
        self.parameters = list(parameters)
        self.tables = [_table(parameter) for parameter in self.parameters]
        self.step = 0

    def begin(self, rows: Sequence[Tensor]) -> None:
        """A step that reads and moves `rows` of each table: they are brought up to date."""
        for table, own in zip(self.tables, rows, strict=True):
            make_up(table, own.numpy(), self.step, self.pace)
        self.step += 1

    def move(self, rows: Sequence[Tensor]) -> None:
        """Move the rows against `gradients`, which are zero afterwards."""
        for table, own in zip(self.tables, rows, strict=True):
            move(table, own.numpy(), self.step, self.pace)

    def settle(self) -> None:
        """Bring all rows up to date, for whoever reads the parameters."""
        for table in self.tables:
            make_up(table, np.arange(len(table.weights)), self.step, self.pace)
        torch.autograd.graph.increment_version(self.parameters)  # the kernels write behind autograd's back


def _pace(learning_rate: float) -> Pace:
    """From step CORRECTED on, both are what they end at."""
    t = np.arange(1, CORRECTED + 1, dtype=np.float64)
    rates, scales = learning_rate / (1 - DECAYS[0] ** t), 1 / np.sqrt(1 - DECAYS[1] ** t)
    return Pace(rates.astype(np.float32), scales.astype(np.float32), *DECAYS, EPSILON)


def _table(parameter: Tensor) -> Table:
    weights = parameter.detach().numpy()
    zeros = (np.zeros_like(weights) for _ in range(3))
    return Table(weights, *zeros, np.full(len(weights), NEVER))
