"""BSARec: attention beside a filter of low and high frequencies (Shin et al., AAAI 2024)."""

import torch
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.end_states import attended, fit_end_states
from methods.engine.layers.dropout import Dropout
from methods.fmlprec.model import FeedForward, FMLPRec

fit = fit_end_states


def build(split: Split, settings: dict) -> "BSARec":
    return BSARec(
        split.catalogue, settings["embedding"], settings["max_length"], settings["blocks"], settings["dropout"],
        settings["heads"], settings["alpha"], settings["frequencies"],
    )  # fmt: skip


class BSARec(FMLPRec):
    """FMLPRec with another layer in the place of its filter, and causal attention in that."""

    def __init__(
        self, catalogue: int, dim: int, max_length: int, blocks: int, dropout: float, heads: int, alpha: float,
        frequencies: int,
    ) -> None:  # fmt: skip
        self.of_layer = heads, alpha, frequencies
        super().__init__(catalogue, dim, max_length, blocks, dropout)

    def block(self, dim: int, dropout: float) -> nn.Module:
        return nn.Sequential(Layer(dim, dropout, *self.of_layer), FeedForward(dim, dropout))


class Layer(nn.Module):
    """alpha LayerNorm(x + low + beta^2 high) + (1 - alpha) LayerNorm(x + attention)."""

    def __init__(self, dim: int, dropout: float, heads: int, alpha: float, frequencies: int) -> None:
        super().__init__()
        self.heads, self.alpha, self.frequencies = heads, alpha, frequencies
        self.beta = nn.Parameter(torch.randn(dim))
        self.query_key_value, self.output = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.dropout = Dropout(dropout)

    def filtered(self, x: Tensor) -> Tensor:
        """The lowest `frequencies` of x along the places, the constant among them, and beta^2 times the others."""
        spectrum = torch.fft.rfft(x, dim=1, norm="ortho")
        kept = (torch.arange(spectrum.shape[1], device=x.device) < self.frequencies)[:, None]
        low = torch.fft.irfft(spectrum * kept, n=x.shape[1], dim=1, norm="ortho")
        return low + self.beta**2 * (x - low)

    def attended(self, x: Tensor) -> Tensor:
        return self.output(attended(x, self.query_key_value, self.heads, is_causal=True))

    def forward(self, x: Tensor) -> Tensor:
        by_filter = self.norms[0](x + self.dropout(self.filtered(x)))
        by_attention = self.norms[1](x + self.dropout(self.attended(x)))
        return self.alpha * by_filter + (1 - self.alpha) * by_attention
