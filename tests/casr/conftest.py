from types import SimpleNamespace

import pytest
import torch

from methods.casr.drawing import draw_pool
from methods.engine.data.windows import cut_windows
from tests.casr.support import TinyGRU, card_settings, tiny_split


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def settings():
    return card_settings


@pytest.fixture
def world():
    """A split with short and long histories, its windows, and a sampler and an anchor of the same size."""
    split = tiny_split([9, 2, 5, 1, 7, 4, 3])
    sampler, anchor = TinyGRU(12, 5, seed=1), TinyGRU(12, 5, seed=2, scale=0.5)
    return SimpleNamespace(split=split, windows=cut_windows(split, 6), sampler=sampler.eval(), anchor=anchor.eval())


@pytest.fixture
def draw(world):
    """Draw a pool from the world as it is when called."""

    def drawn(strategy, seed=7, **changes):
        return draw_pool(
            strategy, world.sampler, world.anchor, world.split, world.windows, card_settings(**changes),
            torch.Generator().manual_seed(seed), torch.device("cpu"),
        )  # fmt: skip

    return drawn
