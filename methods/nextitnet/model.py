"""NextItNet: dilated causal convolutions over the history (Yuan et al., WSDM 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import SequentialRecommender, Trunk

fit = fit_next_item


def build(split: Split, settings: dict) -> "NextItNet":
    return NextItNet(
        split.catalogue, settings["embedding"], settings["max_length"], settings["kernel"], settings["dilations"],
        settings["output_table"] == "separate",
    )  # fmt: skip


class NextItNet(SequentialRecommender):
    """Residual blocks (b) of Figure 3: two causal convolutions, dilated by d and by 2 d, each with layer normalisation
    and ReLU behind it, and their input added. What stands before a history is 0 in every layer."""

    def __init__(
        self, catalogue: int, dim: int, max_length: int, kernel: int, dilations: list[int], separate: bool = False
    ) -> None:
        super().__init__()
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.output = nn.Embedding(catalogue, dim) if separate else None
        self.blocks = nn.ModuleList(Block(dim, kernel, dilation) for dilation in dilations)
        self.max_length = min(max_length, self.sees)  # of the last items that are ranked by; the others change nothing
        normal(self, std=dim**-0.5)

    @property
    def sees(self) -> int:
        """How many of the last items reach a state, whatever the length of the history."""
        return 1 + sum(layer.reach for block in self.blocks for layer in block.layers)

    def encode(self, vectors: Tensor) -> Trunk:
        x, cache = vectors, []
        for block in self.blocks:
            x, inputs = block(x)
            cache += inputs
        return Trunk(x, tuple(cache))

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        x, cache = vectors, iter(trunk.cache)
        for block in self.blocks:
            x, _ = block(x, [before(next(cache), rows, starts, layer.reach) for layer in block.layers])
        return x[:, -1]


class Block(nn.Module):
    def __init__(self, dim: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Convolution(dim, kernel, d) for d in (dilation, 2 * dilation))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in self.layers)

    def forward(self, x: Tensor, before: list[Tensor | None] = (None, None)) -> tuple[Tensor, list[Tensor]]:
        """x (batch, steps, dim), and for each layer what stands before it. Gives the result and the layers' inputs."""
        first, inputs = x, []
        for layer, norm, earlier in zip(self.layers, self.norms, before, strict=True):
            inputs.append(x)
            x = torch.relu(norm(layer(x, earlier)))
        return first + x, inputs


class Convolution(nn.Module):
    """y_t = b + sum_k W_k x_(t - k d), as one product of the `kernel` items side by side."""

    def __init__(self, dim: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.dilation, self.reach = dilation, (kernel - 1) * dilation
        self.linear = nn.Linear(kernel * dim, dim)  # the oldest item first

    def forward(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        """x (batch, steps, dim); before (batch, reach, dim), None for zeros."""
        filled = F.pad(x, (0, 0, self.reach, 0)) if before is None else torch.cat([before, x], dim=1)
        steps = x.shape[1]
        taken = [filled[:, begin : begin + steps] for begin in range(0, self.reach + 1, self.dilation)]
        return self.linear(torch.cat(taken, dim=2))


def before(inputs: Tensor, rows: Tensor, starts: Tensor, reach: int) -> Tensor:
    """The last `reach` of the first `starts` inputs of some rows, 0 where there are none. Shape (rows, reach, dim)."""
    places = starts[:, None] + torch.arange(-reach, 0, device=inputs.device)
    return inputs[rows[:, None], places.clamp(min=0)] * (places >= 0)[..., None]
