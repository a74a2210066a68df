"""NARM's states at some positions of histories on a CPU, one step of autograd, with nothing computed for padding.

Threads that train side by side wait for each other's turn in Python after every operation of torch: what is no product
is therefore left to kernels (as in methods/sasrec/causal.py).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.layers.attention import exp_negative
from methods.engine.layers.dropout import Choice, dropped
from methods.engine.layers.kernels import arrays
from methods.engine.layers.kernels.attention import attend, attend_backward
from methods.engine.layers.kernels.dropout import join_and_drop, join_and_drop_backward
from methods.engine.layers.kernels.rows import lay_end_to_end
from methods.engine.layers.recurrence import Walk


class Packed(NamedTuple):
    """Histories one behind the other, and the wanted positions of them. items (positions,); offsets (histories + 1,);
    chosen (states,): where each stands; begins, counts (states,): where its history begins, and its items up to it."""

    items: Tensor
    offsets: np.ndarray
    chosen: np.ndarray
    begins: np.ndarray
    counts: np.ndarray


def pack(items: Tensor, lengths: Tensor, places: Tensor) -> Packed:
    """items (batch, length); lengths (batch,); places (states,): of the wanted positions in (batch, length), ascending.
    ValueError where they do not ascend, or one is behind its history."""
    items, lengths, places = arrays(items, lengths, places)
    found, offsets = np.empty(lengths.sum(), np.int64), np.empty(len(lengths) + 1, np.int64)
    chosen, counts = np.empty((2, len(places)), np.int64)
    if lay_end_to_end(items, lengths, places, offsets, found, chosen, counts) < len(chosen):
        raise ValueError("places do not ascend, or one is behind the end of its history")
    return Packed(torch.from_numpy(found), offsets, chosen, chosen + 1 - counts, counts)


class States(torch.autograd.Function):
    """The states (states, dim) at the wanted positions of `packed` histories.

    vectors (positions, dim): of their items; choices of what is dropped of the vectors and of both halves of a session;
    parameters: those of `query`, `key`, `weight` and `decoder`, then the recurrence's four.
    """

    @staticmethod
    def forward(ctx, vectors: Tensor, packed: Packed, choices: tuple[Choice, Choice], *parameters: Tensor) -> Tensor:
        query, key, weight, decoder, *recurrent = parameters
        begin = vectors.new_zeros(len(packed.offsets) - 1, len(query))
        walk = Walk(dropped(vectors, choices[0]), begin, packed.offsets, *recurrent)
        hidden, chosen = walk.hidden, torch.from_numpy(packed.chosen)
        asking = hidden[chosen]
        queries, keys = exp_negative(asking @ query.T), exp_negative(hidden @ key.T)
        local, session = torch.empty_like(queries), queries.new_empty(len(queries), 2 * queries.shape[1])
        attend(*arrays(queries, keys, hidden), packed.begins, packed.counts, *arrays(weight[0], local))
        join_and_drop(hidden.numpy(), packed.chosen, local.numpy(), *choices[1], session.numpy())
        ctx.packed, ctx.choices, ctx.walk = packed, choices, walk
        ctx.save_for_backward(query, key, weight, decoder, asking, queries, keys, session)
        return session @ decoder.T

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        query, key, weight, decoder, asking, queries, keys, session = ctx.saved_tensors
        packed, (of_vectors, of_session), hidden = ctx.packed, ctx.choices, ctx.walk.hidden
        by_hidden, by_keys, by_queries = (torch.zeros_like(each) for each in (hidden, keys, queries))
        by_local, by_weight = torch.empty_like(queries), torch.zeros_like(weight)
        by_session = (gradient @ decoder).numpy()
        join_and_drop_backward(by_session, packed.chosen, *of_session, *arrays(by_hidden, by_local))
        attend_backward(
            *arrays(by_local, queries, keys, hidden), packed.begins, packed.counts,
            *arrays(weight[0], by_queries, by_keys, by_hidden, by_weight[0]),
        )  # fmt: skip
        by_hidden.index_add_(0, torch.from_numpy(packed.chosen), by_queries @ query)
        by_hidden.addmm_(by_keys, key)
        by_vectors, _, *by_recurrent = ctx.walk.back(by_hidden)
        own = (by_queries.T @ asking, by_keys.T @ hidden, by_weight, gradient.T @ session)
        return dropped(by_vectors, of_vectors), None, None, *own, *by_recurrent
