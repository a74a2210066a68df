"""SASRec: self-attention over the history (Kang and McAuley, ICDM 2018)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.dropout import Choice, Dropout
from methods.engine.initialisation import normal
from methods.engine.recommender import SequentialRecommender, Trunk, at_end
from methods.engine.split import Split
from methods.engine.training import fit_next_item
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
        length, steps = trunk.states.shape[1], vectors.shape[1]
        device = vectors.device
        x = self._inputs(vectors, starts[:, None] + torch.arange(steps, device=device))
        before = torch.arange(length, device=device) < starts[:, None]  # (samples, length): the prefix
        causal = torch.ones(steps, steps, dtype=torch.bool, device=device).tril()
        mask = torch.cat(
            [before[:, None].expand(-1, steps, -1), causal.expand(len(rows), -1, -1)], dim=2
        )  # (samples, steps, length + steps)
        for block, both in zip(self.blocks, trunk.cache, strict=True):
            x = block(x, torch.cat([both[rows], block.key_value(x)], 1), mask)
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
        length), None: causal."""
        normed = self.attention_norm(x)
        query, keys, values = (
            t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (self.query(normed), *both.chunk(2, dim=-1))
        )
        attended = self._attend(query, keys, values, None if mask is None else mask[:, None])
        x = normed + attended.transpose(1, 2).flatten(-2)  # the authors' code adds to the normalised input
        normed = self.feed_forward_norm(x)
        hidden = self.dropout(torch.relu(self.inner(normed)))
        return normed + self.dropout(self.outer(hidden))

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Scaled dot-product attention, with dropout of its weights. query (batch, heads, steps, dim of a head); keys,
        values (batch, heads, length, ..)."""
        dropped = self.training and self.dropout.p > 0
        if dropped and query.device.type == "cpu":  # torch has no kernel for it there, and draws one number at a time
            weights = query @ keys.transpose(-1, -2) * self.scale
            if mask is None:
                mask = torch.ones(weights.shape[-2:], dtype=torch.bool).tril()
            return self.dropout(weights.masked_fill(~mask, -torch.inf).softmax(-1)) @ values
        return F.scaled_dot_product_attention(
            query, keys, values, mask, self.dropout.p if dropped else 0.0, is_causal=mask is None
        )
