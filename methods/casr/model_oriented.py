"""The model-oriented sampler (M): a virtual item after which the anchor errs most (eqs. 6 and 7)."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.casr.perturbation import first_reach, minimise, moved
from methods.casr.prefixes import Prefixes
from methods.engine.data.branches import Branches
from methods.engine.fit.losses import rows_at_once


def replace_item(sequences: Branches, sampler: Prefixes, anchor: Prefixes, settings: Mapping) -> Branches:
    """The sequences with Delta added to the shift of their first item."""
    return moved(sequences, find_delta(sequences, sampler, anchor, settings))


def find_delta(sequences: Branches, sampler: Prefixes, anchor: Prefixes, settings: Mapping) -> Tensor:
    """Delta of eq. 7 for each sample, on top of the shift of earlier rounds: one for both embedding spaces. Result
    (samples, dim)."""
    spaces = [side.model.item_embedding.weight.detach() for side in (sampler, anchor)]

    def losses(delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        sample = moved(sequences.take(rows), delta)
        states = [side.states(sample) for side in (sampler, anchor)]
        loss = -objective(delta, states, spaces, settings["tau"], settings["beta"])
        return loss, torch.zeros_like(rows, dtype=torch.bool)

    start, reach = torch.zeros_like(spaces[0][sequences.items[:, 0]]), first_reach(settings["rate"], spaces)
    return minimise(losses, start, settings["steps"], settings["beta"], reach)


def objective(delta: Tensor, states: list[Tensor], embeddings: list[Tensor], tau: float, beta: float) -> Tensor:
    """Eq. 7 for each sample, to be maximised: the anchor's loss, expected over the sampler's next item, minus
    beta * ||Delta||^2. tau sharpens the sampler's distribution: 0 is uniform, infinity its argmax. Result (samples,).

    states (samples, dim) and embeddings (catalogue, dim): the sampler's, then the anchor's; scores are their products.
    """
    expected = _ExpectedLogLikelihood.apply(*states, *embeddings, tau)
    return -expected - beta * delta.square().sum(dim=1)


class _ExpectedLogLikelihood(torch.autograd.Function):
    """sum_i w_i log A_i with w = softmax(tau S), for each sample: value and gradients in one pass over chunks of rows.

    By the scores of A the gradient is w - A, by those of S it is tau w (log A - value). Nothing of size samples x
    catalogue outlives its chunk, which is several times faster than the automatic way.
    """

    @staticmethod
    def forward(
        ctx, sampler: Tensor, anchor: Tensor, sampler_items: Tensor, anchor_items: Tensor, tau: float
    ) -> Tensor:
        value = sampler.new_empty(len(sampler))
        by_sampler, by_anchor = torch.empty_like(sampler), torch.empty_like(anchor)
        rows = rows_at_once(sampler.device, len(sampler_items))
        across = [items.T.contiguous() for items in (sampler_items, anchor_items)]  # as in the softmax's loss
        for begin in range(0, len(sampler), rows):
            part = slice(begin, begin + rows)
            weights = torch.mm(sampler[part], across[0]).mul_(tau).softmax(dim=1)
            log_chance = torch.mm(anchor[part], across[1]).log_softmax(dim=1)
            value[part] = torch.linalg.vecdot(weights, log_chance)
            by_anchor[part] = torch.mm(weights - log_chance.exp(), anchor_items)
            by_sampler[part] = torch.mm(log_chance.sub_(value[part, None]).mul_(weights), sampler_items).mul_(tau)
        ctx.save_for_backward(by_sampler, by_anchor)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        by_sampler, by_anchor = ctx.saved_tensors
        return by_sampler * gradient[:, None], by_anchor * gradient[:, None], None, None, None
