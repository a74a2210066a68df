"""SASRec's pass over all positions on a CPU: each block one step of autograd, in few operations over all elements.

Threads that train side by side wait for each other's turn in Python after every operation of torch, a view or an
allocation included. What is no product is therefore left to kernels, and views are those of numpy, which keep the turn.
Arrays are torch's, at the places in memory where its products give the same bits each time.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.layers.dropout import Choice
from methods.engine.layers.kernels import dropout as drops
from methods.engine.layers.kernels.normalisation import normalise, normalise_backward
from methods.sasrec.kernels.self_attention import attend, attend_backward

tensor = torch.from_numpy


class Inputs(torch.autograd.Function):
    """Dropout of scale vectors + places. vectors, result (batch, length, dim); places (max_length, dim)."""

    @staticmethod
    def forward(ctx, vectors: Tensor, places: Tensor, scale: float, choice: Choice) -> Tensor:
        vectors = vectors.contiguous()
        ctx.places, ctx.scale, ctx.choice, result = places.shape, scale, choice, torch.empty_like(vectors)
        used = places.numpy()[: vectors.shape[1]]
        drops.add_rows_and_drop(vectors.numpy(), scale, used, *choice, result.numpy())
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        gradient = gradient.contiguous()
        by_vectors, by_places = torch.empty_like(gradient), gradient.new_zeros(ctx.places)
        used = by_places.numpy()[: gradient.shape[1]]
        drops.add_rows_and_drop_backward(gradient.numpy(), ctx.scale, *ctx.choice, by_vectors.numpy(), used)
        return by_vectors, by_places, None, None


class CausalBlock(torch.autograd.Function):
    """`Block` over all positions: its result, (batch, length, dim), and keys and values, (batch, length, 2 dim).

    Arguments: x (batch, length, dim); heads; eps of both normalisations; choices of what is dropped of the weights of
    attention, of the hidden layer and of the result; weight and bias of attention_norm, query, key_value,
    feed_forward_norm, inner and outer.
    """

    @staticmethod
    def forward(ctx, x: Tensor, heads: int, eps: float, choices: list[Choice], *parameters: Tensor):
        gain, shift, w_query, b_query, w_both, b_both, gain_2, shift_2, w_inner, b_inner, w_outer, b_outer = (
            each.numpy() for each in parameters
        )
        (batch, length, dim), (of_weights, of_hidden, of_result) = x.shape, choices
        x, scale = x.contiguous().numpy().reshape(-1, dim), (dim / heads) ** -0.5
        normed, query, attended, normed_2, hidden, result = parameters[0].new_empty(6, *x.shape).numpy()
        weights, kept = parameters[0].new_empty(2, batch * heads, length, length).numpy()
        moments, moments_2 = np.empty((2, len(x), 2), x.dtype)
        normalise(x, gain, shift, eps, normed, moments)
        torch.addmm(tensor(b_query), tensor(normed), tensor(w_query.T), out=tensor(query))
        both = torch.addmm(tensor(b_both), tensor(x), tensor(w_both.T)).numpy()
        shape = batch, length, heads, dim // heads
        by_heads = query.reshape(shape), both.reshape(batch, length, 2, *shape[2:])
        attend(*by_heads, normed.reshape(shape), scale, *of_weights, weights, kept, attended.reshape(shape))
        normalise(attended, gain_2, shift_2, eps, normed_2, moments_2)
        torch.mm(tensor(normed_2), tensor(w_inner.T), out=tensor(hidden))
        drops.rectify_and_drop(hidden, b_inner, *of_hidden)
        torch.mm(tensor(hidden), tensor(w_outer.T), out=tensor(result))
        drops.add_dropped(result, b_outer, *of_result, normed_2)
        ctx.kept = x, normed, moments, weights, kept, attended, normed_2, moments_2, hidden
        ctx.of_hidden, ctx.of_result, ctx.scale, ctx.by_heads = of_hidden, of_result, scale, by_heads
        ctx.save_for_backward(*parameters)
        ctx.set_materialize_grads(False)
        return tensor(result.reshape(batch, length, dim)), tensor(both.reshape(batch, length, 2 * dim))

    @staticmethod
    @once_differentiable
    def backward(ctx, by_result: Tensor | None, by_both: Tensor | None):
        first, *_ = ctx.saved_tensors
        gain, _, w_query, _, w_both, _, gain_2, _, w_inner, _, w_outer, _ = (each.numpy() for each in ctx.saved_tensors)
        x, normed, moments, weights, kept, attended, normed_2, moments_2, hidden = ctx.kept
        query, both = ctx.by_heads  # (batch, length, heads, dim / heads) and (batch, length, 2, heads, dim / heads)
        by_product, by_hidden, by_normed, by_attended, by_x = first.new_empty(5, *x.shape).numpy()
        sums = first.new_zeros(6, x.shape[1])
        by_gain, by_shift, by_gain_2, by_shift_2, by_b_inner, by_b_outer = sums.numpy()
        by_query = first.new_zeros(x.shape).numpy()
        by_keys_and_values = first.new_zeros(len(x), 2 * x.shape[1]).numpy()
        if by_both is not None:
            by_keys_and_values += by_both.numpy().reshape(by_keys_and_values.shape)
        by_result = (first.new_zeros(x.shape) if by_result is None else by_result.contiguous()).numpy().reshape(x.shape)

        drops.add_dropped_backward(by_result, *ctx.of_result, by_product, by_b_outer)
        torch.mm(tensor(by_product), tensor(w_outer), out=tensor(by_hidden))
        by_w_outer = torch.mm(tensor(by_product.T), tensor(hidden))
        drops.rectify_and_drop_backward(by_hidden, hidden, ctx.of_hidden.scale, by_b_inner)
        by_w_inner = torch.mm(tensor(by_hidden.T), tensor(normed_2))
        torch.addmm(tensor(by_result), tensor(by_hidden), tensor(w_inner), out=tensor(by_normed))
        normalise_backward(by_normed, attended, gain_2, moments_2, by_attended, by_gain_2, by_shift_2)
        found = by_query.reshape(query.shape), by_keys_and_values.reshape(both.shape)
        attend_backward(by_attended.reshape(query.shape), query, both, ctx.scale, weights, kept, *found)
        by_w_query = torch.mm(tensor(by_query.T), tensor(normed))
        torch.addmm(tensor(by_attended), tensor(by_query), tensor(w_query), out=tensor(by_normed))
        normalise_backward(by_normed, x, gain, moments, by_x, by_gain, by_shift)
        by_w_both = torch.mm(tensor(by_keys_and_values.T), tensor(x))
        by_x = tensor(by_x).addmm_(tensor(by_keys_and_values), tensor(w_both)).view(*query.shape[:2], x.shape[1])
        by_b_query, by_b_both = tensor(by_query).sum(0), tensor(by_keys_and_values).sum(0)
        by_gain, by_shift, by_gain_2, by_shift_2, by_b_inner, by_b_outer = sums
        until_attended = by_gain, by_shift, by_w_query, by_b_query, by_w_both, by_b_both
        after = by_gain_2, by_shift_2, by_w_inner, by_b_inner, by_w_outer, by_b_outer
        return by_x, None, None, None, *until_attended, *after
