"""Adam by rows against Adam over whole tables, and the kernels of the losses that are trained by it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from methods.bpr import gradients as bpr
from methods.bpr.model import BPR, bpr_loss
from methods.engine.fit.adam import Adam
from methods.engine.fit.row_adam import RowAdam
from methods.engine.layers.kernels.row_adam import IDLE
from methods.fpmc import gradients as fpmc
from methods.fpmc.model import FPMC, sbpr_loss

ROWS, DIM = 7, 5


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.integers(0, ROWS - 1), max_size=4), min_size=1, max_size=30), st.integers(0, 99))
def test_rows_move_as_the_whole_table_would(touched, seed):
    random = torch.Generator().manual_seed(seed)
    whole, by_rows = (nn.Parameter(torch.ones(ROWS, DIM)) for _ in range(2))
    adam, row_adam = Adam([whole], 0.01), RowAdam([by_rows], 0.01)
    for places in touched:
        rows = torch.tensor(places, dtype=torch.int64)
        gradient = torch.zeros(ROWS, DIM)
        gradient[rows] = torch.randn(len(rows), DIM, generator=random)
        adam.move([gradient])
        row_adam.begin([rows])
        torch.testing.assert_close(by_rows[rows], whole_before(whole, rows, adam, gradient), rtol=1e-5, atol=1e-6)
        row_adam.tables[0].gradients[rows.numpy()] = gradient[rows].numpy()
        row_adam.move([rows])
    row_adam.settle()
    torch.testing.assert_close(by_rows, whole, rtol=1e-5, atol=1e-6)


def whole_before(whole, rows, adam, gradient):
    """The rows as they were before Adam's last step."""
    step = len(adam.steps) and int(adam.steps[0])
    mean, square = adam.means[0][rows] / (1 - 0.9**step), adam.squares[0][rows] / (1 - 0.999**step)
    return whole.detach()[rows] + 0.01 * mean / (square.sqrt() + 1e-8)


@pytest.mark.parametrize("idle", [1, IDLE - 1, IDLE, IDLE + 1, 3 * IDLE])
def test_long_idle_rows_end_where_adam_leaves_them(idle):
    whole, by_rows = (nn.Parameter(torch.full((2, DIM), 0.5)) for _ in range(2))
    adam, row_adam = Adam([whole], 0.01), RowAdam([by_rows], 0.01)
    for step in range(idle + 2):
        rows = torch.tensor([0] if step in (0, idle + 1) else [1])
        gradient = torch.zeros(2, DIM)
        gradient[rows] = 0.25 + 0.1 * torch.arange(DIM)
        adam.move([gradient])
        row_adam.begin([rows])
        row_adam.tables[0].gradients[rows.numpy()] = gradient[rows].numpy()
        row_adam.move([rows])
    row_adam.settle()
    for found, expected in ((by_rows, whole), (torch.from_numpy(row_adam.tables[0].squares), adam.squares[0])):
        torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-6)


def test_settling_shows_in_the_version_of_every_parameter():
    parameter = nn.Parameter(torch.ones(2, 3))
    before = parameter._version
    RowAdam([parameter], 0.1).settle()
    assert parameter._version > before


BATCH = (torch.tensor([0, 1, 1]), torch.tensor([1, 2, 3]), torch.tensor([[4, 2], [0, 1], [5, 5]]))
CASES = {
    "bpr": (lambda: BPR(3, 6, 4), BATCH, bpr_loss, bpr),
    "bpr with biases": (lambda: BPR(3, 6, 4, item_bias=True), BATCH, bpr_loss, bpr),
    "fpmc": (lambda: FPMC(3, 6, 4), (BATCH[0], torch.tensor([3, 0, 0]), *BATCH[1:]), sbpr_loss, fpmc),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("spread", [0.1, 10.0])  # margins of 100 and more: no power may overflow
def test_gradients_are_those_of_the_loss(name, spread):
    make, batch, loss, module = CASES[name]
    torch.manual_seed(1)
    model = make()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=spread)
    expected = loss(model, *batch, 0.3)
    expected.backward()
    tables = RowAdam(model.parameters(), 0.1).tables
    found = module.add_gradients(*(each.numpy() for each in batch), *tables, 0.3)
    assert found == pytest.approx(expected.item(), rel=1e-5)
    for table, parameter in zip(tables, model.parameters(), strict=True):
        torch.testing.assert_close(torch.from_numpy(table.gradients), parameter.grad, rtol=1e-5, atol=1e-6)
