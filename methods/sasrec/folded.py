"""SASRec of two blocks on a CPU that ranks: what is linear is taken together beforehand, or left until after a sum.

Of all positions only their attention in the first block is left, and one product, the inner one of the feed-forward
network; all else is computed of the last position alone. Equal to `SASRec.last_states` but for rounding.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from methods.engine.layers.kept import Kept
from methods.engine.layers.kernels.normalisation import normalise
from methods.sasrec.kernels import folded_attention as kernels
from methods.sasrec.kernels.self_attention import weigh

if TYPE_CHECKING:
    from methods.sasrec.model import SASRec

POSITIONS_AT_ONCE = 1024  # fewer take more calls, more leave a core's cache


class Tables(NamedTuple):
    """Products of parameters: for `look_up` of items (catalogue, 3 dim), places (max_length, 3 dim) and a bias of the
    query (dim,); inner (dim, dim), laid out across; and for the second block three pairs of (in, out) and a bias: what
    makes its input of halves of the first's result, the query of its input, and the value of a sum of halves."""

    items: Tensor
    places: Tensor
    bias: Tensor
    inner: Tensor
    join: tuple[Tensor, Tensor]
    query: tuple[Tensor, Tensor]
    value: tuple[Tensor, Tensor]


class Folded:
    """Both blocks attend with a query q to their inputs x themselves, by weights w that sum to 1: q (W x + b) is
    (W^T q) x but for a summand that all positions share, and sum w (W x + b) is W (sum w x) + b.

    The first block's x is a vector of the item and one of the place, so that products with x are sums of two that are
    known beforehand. Its result is m + W hidden + b: the second block attends to m and hidden, the halves.
    """

    def __init__(self) -> None:
        self._tables: Kept[Tables] = Kept()

    def serves(self, model: "SASRec", items: Tensor) -> bool:
        idle = not torch.is_grad_enabled() and not model.training and items.device.type == "cpu"
        return idle and [block.heads for block in model.blocks] == [1, 1] and items.shape[1] <= model.max_length

    def last_states(self, model: "SASRec", items: Tensor, lengths: Tensor) -> Tensor:
        """items (batch, length); lengths (batch,); result (batch, dim)."""
        tables, block = self._tables.get(folded_in(model), lambda: fold(model)), model.blocks[1]
        normed, attended = until_attended(model, tables, items, lengths)
        normed = block.feed_forward_norm(affine(attended, tables.value).add_(normed))
        return model.norm(block.outer(torch.relu_(block.inner(normed))).add_(normed))


def affine(x: Tensor, by: tuple[Tensor, Tensor]) -> Tensor:
    return torch.addmm(by[1], x, by[0])


def until_attended(model: "SASRec", tables: Tables, items: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Of the last positions in the second block: what the attention is added to (batch, dim), and its weighted sum of
    halves (batch, 2 dim). items (batch, length), lengths (batch,)."""
    (block, last), (batch, length), dim = model.blocks, items.shape, len(tables.inner)
    looked_up = *(each.numpy() for each in tables[:3]), *arrays_of(block.attention_norm)
    norm, inner_bias = arrays_of(block.feed_forward_norm), block.inner.bias.detach().numpy()
    join, query = ([each.numpy() for each in pair] for pair in (tables.join, tables.query))
    asked = inner_bias, *join, *arrays_of(last.attention_norm), *query, last.scale
    new, rows = tables.items.new_empty, min(batch, max(1, POSITIONS_AT_ONCE // length))
    moments, normed, attended = new(rows * length, 2).numpy(), new(batch, dim), new(batch, 2 * dim)
    whole = [each.numpy() for each in (items, lengths, normed, attended)]
    shapes = (length, dim), (dim, length), (length, dim), (length, dim), (length, length)
    buffers = [new(rows, *shape) for shape in shapes]  # for all parts: a core's cache holds them
    for begin in range(0, batch, rows):
        own_items, own_lengths, own_normed, own_attended = (each[begin : begin + rows] for each in whole)
        if len(own_items) < rows:
            buffers = [each[: len(own_items)] for each in buffers]
        arrays = [each.numpy() for each in buffers]
        queries, inputs, values, x, weights = buffers
        kernels.look_up(own_items, *looked_up, *arrays[:4])
        torch.bmm(queries, inputs, out=weights)
        weigh(arrays[4], block.scale)
        x.baddbmm_(weights, values)
        # two buffers that are free again take what is normalised, and the hidden layer
        normalise(arrays[3].reshape(-1, dim), *norm, arrays[2].reshape(-1, dim), moments)
        torch.mm(values.view(-1, dim), tables.inner, out=queries.view(-1, dim))
        kernels.attend_from_last(arrays[2], arrays[0], own_lengths, *asked, own_normed, own_attended)
    return normed, attended


def arrays_of(norm: nn.LayerNorm) -> tuple[np.ndarray, np.ndarray, float]:
    return norm.weight.detach().numpy(), norm.bias.detach().numpy(), norm.eps


def folded_in(model: "SASRec") -> list[Tensor]:
    """The parameters that `fold` reads."""
    (first, second), tables = model.blocks, (model.item_embedding.weight, model.position_embedding.weight)
    layers = [first.attention_norm, first.query, first.key_value, first.inner, first.outer]
    layers += [second.query, second.key_value]
    return [*tables, *(parameter for layer in layers for parameter in (layer.weight, layer.bias))]


def fold(model: "SASRec") -> Tables:
    items, positions = model.item_embedding.weight * model.scale, model.position_embedding.weight
    (first, second), dim = model.blocks, items.shape[1]
    (of_key, of_value), norm = first.key_value.weight.chunk(2), first.attention_norm
    # with norm(x) = gain (x - mean) inverse + bias: W norm(x) = inverse (W gain - its rows' means) x + W bias
    of_query = of_key.T @ (first.query.weight * norm.weight)
    across = torch.cat([of_query - of_query.mean(1, keepdim=True), of_value]).T
    of_items = items.new_empty(len(items), 3 * dim)
    of_items[:, :dim] = items
    torch.mm(items, across, out=of_items[:, dim:])
    of_places = torch.cat([positions, positions @ across], 1)
    of_places[:, 2 * dim :] += first.key_value.bias[dim:]
    bias, inner = of_key.T @ first.query(norm.bias), first.inner.weight.T.contiguous()

    join, join_bias = torch.cat([torch.eye(dim).to(items), first.outer.weight.T]), first.outer.bias
    of_key, of_value = second.key_value.weight.chunk(2)
    ask = of_key.T @ second.query.weight, of_key.T @ second.query.bias
    value = join @ of_value.T, of_value @ join_bias + second.key_value.bias[dim:]
    query = ask[0].T @ join.T, ask[1] @ join.T
    return Tables(of_items, of_places, bias, inner, (join, join_bias), query, value)
