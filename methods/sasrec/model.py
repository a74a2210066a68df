"""SASRec: self-attention over the history (Kang and McAuley, ICDM 2018)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.dropout import Choice, Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import SequentialRecommender, Trunk, at_end
from methods.sasrec.branching import BranchAttention
from methods.sasrec.causal import CausalBlock, Inputs
from methods.sasrec.folded import Folded

fit = fit_next_item


def build(split: Split, settings: dict) -> "SASRec":
    return SASRec(
        split.catalogue, settings["embedding"], settings["max_length"], settings["blocks"], settings["heads"],
        settings["dropout"],
    )  # fmt: skip


class SASRec(SequentialRecommender):
    """Sections III-A to III-E: learned positions, causal attention, point-wise feed-forward, shared item embedding."""

    def __init__(self, catalogue: int, dim: int, max_length: int, blocks: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.max_length = max_length
        self.scale = dim**0.5  # the authors' code scales item embeddings, so that positions do not drown them
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.position_embedding = nn.Embedding(max_length, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)
        self.folded = Folded()
        normal(self, std=dim**-0.5)

    def _inputs(self, vectors: Tensor, positions: Tensor) -> Tensor:
        return self.dropout(vectors * self.scale + self.position_embedding(positions))

    def _over_all(self, vectors: Tensor, blocks: nn.ModuleList) -> tuple[Tensor, list[Tensor]]:
        """All positions after the first `blocks`, (batch, length, dim), and keys and values of each block, (batch,
        length, 2 dim)."""
        length, cache = vectors.shape[1], []
        if vectors.device.type == "cpu" and length <= self.max_length:
            first, *choices = self.dropout.choices(1 + 3 * len(blocks))
            x = Inputs.apply(vectors, self.position_embedding.weight, self.scale, first)
            for number, block in enumerate(blocks):
                x, both = block.over_all(x, choices[3 * number : 3 * number + 3])
                cache.append(both)
            return x, cache
        x = self._inputs(vectors, torch.arange(length, device=vectors.device))
        for block in blocks:
            cache.append(block.key_value(x))
            x = block(x, cache[-1], mask=None)
        return x, cache

    def encode(self, vectors: Tensor) -> Trunk:
        x, cache = self._over_all(vectors, self.blocks)
        return Trunk(self.norm(x), tuple(cache))

    def last_states(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        x, _ = self._over_all(vectors, self.blocks[:-1])
        mask = torch.arange(vectors.shape[1], device=vectors.device) < lengths[:, None]
        last = at_end(x, lengths)[:, None]
        for block in self.blocks[-1:]:  # there may be none
            last = block(last, block.key_value(x), mask[:, None])
        return self.norm(last[:, 0])

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        if not self.folded.serves(self, items):
            return super().user_vectors(users, items, lengths)
        return self.folded.last_states(self, items, lengths)

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        x = self._inputs(vectors, starts[:, None] + torch.arange(vectors.shape[1], device=vectors.device))
        for number, (block, both) in enumerate(zip(self.blocks, trunk.cache, strict=True), start=1):
            x = block.branch(x, both, rows, starts, 1 if number == len(self.blocks) else x.shape[1])
        return self.norm(x[:, -1])


class Block(nn.Module):
    """n + attention(n, x, x) with n = LayerNorm(x), then m + Dropout(feed-forward(m)) with m = LayerNorm of that.

    Attention and feed-forward are eqs. 2 to 4. Where the paper writes x + Dropout(g(LayerNorm(x))), the authors' code,
    followed here, adds to the normalised input and takes keys and values from the input itself.
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.scale = heads, (dim / heads) ** -0.5
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query, self.key_value = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)
        self.inner, self.outer = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.dropout = Dropout(dropout)

    def over_all(self, x: Tensor, choices: list[Choice]) -> tuple[Tensor, Tensor]:
        """`forward` on a CPU from all positions to themselves, and `key_value(x)`. x (batch, length, dim); choices of
        what is dropped: weights of the attention, of the hidden layer, of the result."""
        layers = self.attention_norm, self.query, self.key_value, self.feed_forward_norm, self.inner, self.outer
        parameters = (parameter for layer in layers for parameter in (layer.weight, layer.bias))
        return CausalBlock.apply(x, self.heads, self.attention_norm.eps, choices, *parameters)

    def forward(self, x: Tensor, both: Tensor, mask: Tensor | None) -> Tensor:
        """x (batch, steps, dim); both, keys and values by `key_value`, (batch, length, 2 dim); mask (batch, steps,
        length), None: causal. For a GPU, and without dropout: what torch drops on a CPU is not drawn as the rest is."""
        normed = self.attention_norm(x)
        query, keys, values = (
            t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (self.query(normed), *both.chunk(2, dim=-1))
        )
        seen, dropped = None if mask is None else mask[:, None], self.dropout.p if self.training else 0.0
        attended = F.scaled_dot_product_attention(query, keys, values, seen, dropped, is_causal=mask is None)
        return self._fed_forward(normed + attended.transpose(1, 2).flatten(-2))

    def branch(self, x: Tensor, trunk: Tensor, rows: Tensor, starts: Tensor, asking: int) -> Tensor:
        """`forward` of branches, for the last `asking` of their steps. x (samples, steps, dim); trunk, keys and values
        by `key_value` of (batch, length, 2 dim), of which branch n sees the first starts[n] of row rows[n]."""
        own, last, steps = self.key_value(x), x[:, -asking:], x.shape[1]
        if x.device.type == "cpu":
            normed, (choice,) = self.attention_norm(last), self.dropout.choices(1)
            attended = BranchAttention.apply(self.query(normed), own, trunk, rows, starts, self.heads, choice)
            return self._fed_forward(normed + attended)
        before = torch.arange(trunk.shape[1], device=x.device) < starts[:, None]
        among_own = torch.ones(steps, steps, dtype=torch.bool, device=x.device).tril()[-asking:]
        seen = [before[:, None].expand(-1, asking, -1), among_own.expand(len(rows), -1, -1)]
        return self(last, torch.cat([trunk[rows], own], 1), torch.cat(seen, dim=2))

    def _fed_forward(self, x: Tensor) -> Tensor:
        """x: the normalised input, to which the authors' code adds, and what it attended to."""
        normed = self.feed_forward_norm(x)
        hidden = self.dropout(torch.relu(self.inner(normed)))
        return normed + self.dropout(self.outer(hidden))
