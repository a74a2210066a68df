"""FMLPRec: learnable filters in the frequency domain (Zhou et al., WWW 2022)."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.end_states import EndStateRecommender, fit_end_states, placed
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal

fit = fit_end_states


def build(split: Split, settings: dict) -> "FMLPRec":
    return FMLPRec(
        split.catalogue, settings["embedding"], settings["max_length"], settings["blocks"], settings["dropout"]
    )


class FMLPRec(EndStateRecommender):
    """The history stands at the end of a window of `max_length` places, zeros before it; the state is the last one."""

    def __init__(self, catalogue: int, dim: int, max_length: int, blocks: int, dropout: float) -> None:
        super().__init__()
        self.max_length = max_length
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.position_embedding = nn.Embedding(max_length, dim)
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(dropout)
        self.blocks = nn.ModuleList(self.block(dim, dropout) for _ in range(blocks))
        normal(self, std=0.02)

    def block(self, dim: int, dropout: float) -> nn.Module:
        return nn.Sequential(Filter(dim, self.max_length, dropout), FeedForward(dim, dropout))

    def end_states(self, items: Tensor, lengths: Tensor) -> Tensor:
        window, held = placed(items, lengths, self.max_length)
        vectors = self.item_embedding(window) * held[..., None]
        x = self.dropout(self.norm(vectors + self.position_embedding.weight))
        for block in self.blocks:
            x = block(x)
        return x[:, -1]


class Filter(nn.Module):
    """LayerNorm(x + Dropout(inverse(W * transform(x)))) along the places (eqs. 3 to 5): W is a circular convolution."""

    def __init__(self, dim: int, length: int, dropout: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(length // 2 + 1, dim, 2) * 0.02)  # real and imaginary part
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(dropout)

    def filtered(self, x: Tensor) -> Tensor:
        (real, imaginary), found = self.weight.unbind(-1), torch.fft.rfft(x, dim=1, norm="ortho")
        by_real, by_imaginary = found.real * real - found.imag * imaginary, found.real * imaginary + found.imag * real
        spectrum = torch.complex(by_real, by_imaginary)
        return torch.fft.irfft(spectrum, n=x.shape[1], dim=1, norm="ortho")

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.dropout(self.filtered(x)))


class FeedForward(nn.Module):
    """LayerNorm(x + Dropout(W2 gelu(W1 x + b1) + b2)), the inner layer four times as wide (eqs. 6 and 7)."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x + self.dropout(self.outer(nn.functional.gelu(self.inner(x)))))
