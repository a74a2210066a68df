import pytest
import torch
from torch import nn

from methods.engine.fit.adam import Adam


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_steps_equal_torchs_adam(weight_decay):
    torch.manual_seed(1)
    ours = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    theirs = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    theirs.load_state_dict(ours.state_dict())
    unused = nn.Parameter(torch.ones(2, dtype=torch.double))  # no gradient reaches it
    optimizer = Adam([*ours.parameters(), unused], 0.05, weight_decay)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.05, weight_decay=weight_decay)
    for _ in range(20):
        x = torch.randn(8, 5, dtype=torch.double)
        optimizer.step(ours(x).square().mean())
        reference.zero_grad()
        theirs(x).square().mean().backward()
        reference.step()
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, expected)
    if weight_decay == 0:
        assert unused.tolist() == [1.0, 1.0]


def test_a_step_shows_in_the_version_of_every_parameter():
    parameter = nn.Parameter(torch.ones(3))
    before = parameter._version
    Adam([parameter], 0.1).step(parameter.square().sum())
    assert parameter._version > before  # NAIS keeps a table that it renews by this
