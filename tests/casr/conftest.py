"""A tiny model with an exact branch, a tiny split, and settings: enough to repeat every equation slowly."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from methods.cards import load_card
from methods.engine.recommender import SequentialRecommender, Trunk
from methods.engine.split import Split
from methods.engine.windows import cut_windows


class TinyGRU(SequentialRecommender):
    """A recurrent model whose state after a prefix is all that a branch needs."""

    def __init__(self, catalogue: int, dim: int, seed: int, scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.recurrence = nn.GRU(dim, dim, batch_first=True)
        self.dropout = nn.Dropout(0.5)  # augmentation must switch it off
        with torch.no_grad():
            self.item_embedding.weight.mul_(scale)
        self.double()

    def encode(self, vectors):
        return Trunk(self.dropout(self.recurrence(vectors)[0]))

    def branch(self, trunk, rows, starts, vectors):
        first = trunk.states[rows, (starts - 1).clamp(min=0)] * (starts > 0)[:, None]
        return self.dropout(self.recurrence(vectors, first[None].contiguous())[1][0])


def tiny_split(lengths, catalogue=12, seed=0, categories=4):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(lengths)
    items = torch.randint(catalogue, (int(lengths.sum()),), generator=generator)
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    return Split("tiny.loo", items, offsets, torch.arange(catalogue) % categories)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def settings():
    """The card's settings changed by keywords."""
    return lambda **changes: load_card("casr").configured(changes)


@pytest.fixture
def world():
    """A split with short and long histories, its windows, and a sampler and an anchor of the same size."""
    split = tiny_split([9, 2, 5, 1, 7, 4, 3])
    return SimpleNamespace(
        split=split,
        windows=cut_windows(split, 6),
        sampler=TinyGRU(12, 5, seed=1).eval(),
        anchor=TinyGRU(12, 5, seed=2, scale=0.5).eval(),
    )


@pytest.fixture
def draw(world, settings):
    """Draw a pool from the world."""
    from methods.casr.drawing import draw_pool

    def drawn(strategy, seed=7, **changes):
        return draw_pool(
            strategy, world.sampler, world.anchor, world.split, world.windows, settings(**changes),
            torch.Generator().manual_seed(seed), torch.device("cpu"),
        )  # fmt: skip

    return drawn
