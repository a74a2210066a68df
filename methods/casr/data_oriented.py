"""The data-oriented sampler (D): the smallest change of one item that changes the next one (eqs. 3 to 5)."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.casr.candidates import Candidates, nearest_item
from methods.casr.perturbation import first_reach, minimise, moved
from methods.casr.prefixes import Prefixes
from methods.engine.data.branches import Branches
from methods.engine.fit.losses import rows_at_once
from methods.engine.recommender import SequentialRecommender
from methods.evaluation.counting import beaten


def replace_item(sequences: Branches, sampler: Prefixes, candidates: Candidates, settings: Mapping) -> Branches:
    """The sequences with the replacement that eqs. 4 and 5 give. `sequences.labels` are the old next items. Whether
    another one is still expected after the projection is for the caller to see by eq. 2."""
    embedding, originals = sampler.model.item_embedding.weight.detach(), sequences.items[:, 0]
    points = embedding[originals] + find_delta(sequences, sampler, settings)
    nearest = nearest_item(points, sampler.model, candidates, originals)
    return replace(sequences, items=torch.cat([nearest[:, None], sequences.items[:, 1:]], dim=1))


def find_delta(sequences: Branches, sampler: Prefixes, settings: Mapping) -> Tensor:
    """Delta of eq. 4 for each sample, (samples, dim).

    It starts at zero, lowers eq. 4, and ends at the first point of its way where the sampler expects another next
    item: eq. 4 alone would go on to lower a probability that no longer matters, while eq. 3 asks for a short way.
    """
    model, embedding = sampler.model, sampler.model.item_embedding.weight.detach()

    def losses(delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        sample = sequences.take(rows)
        chance, another = chances(model, sampler.states(moved(sample, delta)), sample.labels)
        return objective(delta, chance, settings["alpha"]), another

    start, reach = torch.zeros_like(embedding[sequences.items[:, 0]]), first_reach(settings["rate"], [embedding])
    return minimise(losses, start, settings["steps"], 1.0, reach)


def objective(delta: Tensor, chance: Tensor, alpha: float) -> Tensor:
    """Eq. 4 for each sample: ||Delta||^2 + alpha * probability of the old next item. Result (samples,)."""
    return delta.square().sum(dim=1) + alpha * chance


def chances(model: SequentialRecommender, states: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The probability of each sample's label, a softmax over all items, and whether another item is expected instead.

    states (samples, dim), labels (samples,); both results (samples,).
    """
    items = model.item_embedding.weight.detach()
    return _Chances.apply(states, items, model.across(items), labels)


class _Chances(torch.autograd.Function):
    """Value and gradient in one pass over chunks of rows, as in M's objective: by the scores the gradient of p_label is
    p_label (1 at the label - p)."""

    @staticmethod
    def forward(ctx, states: Tensor, items: Tensor, across: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        chance, gradient = states.new_empty(len(states)), torch.empty_like(states)
        another, rows = torch.empty_like(labels, dtype=torch.bool), rows_at_once(states.device, len(items))
        for begin in range(0, len(states), rows):
            part = slice(begin, begin + rows)
            scores = torch.mm(states[part], across)
            another[part] = beaten(scores, labels[part])
            probabilities = scores.softmax(dim=1)
            torch.gather(probabilities, 1, labels[part, None], out=chance[part, None])
            torch.mm(probabilities, items, out=gradient[part])
        ctx.save_for_backward((items[labels] - gradient) * chance[:, None])
        ctx.mark_non_differentiable(another)
        return chance, another

    @staticmethod
    @once_differentiable
    def backward(ctx, of_chance: Tensor, _: Tensor) -> tuple[Tensor, None, None, None]:
        return ctx.saved_tensors[0] * of_chance[:, None], None, None, None
