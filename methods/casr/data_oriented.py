"""The data-oriented sampler (D): the smallest change of one item that changes the next one (eqs. 3 to 5)."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.casr.candidates import Candidates, nearest_item
from methods.casr.perturbation import minimise, moved
from methods.casr.prefixes import Prefixes
from methods.engine.branches import Branches
from methods.engine.losses import rows_at_once


def replace_item(sequences: Branches, sampler: Prefixes, candidates: Candidates, settings: Mapping) -> Branches:
    """The sequences with the replacement that eqs. 4 and 5 give. `sequences.labels` are the old next items.

    Delta starts at zero and stops where the sampler expects another next item: eq. 3 asks for the shortest such way.
    Whether that is still so after the projection is for the caller to see by eq. 2.
    """
    embedding = sampler.model.item_embedding.weight.detach()

    def losses(delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        sample = sequences.take(rows)
        chance, expected = chances(sampler.states(moved(sample, delta)), embedding, sample.labels)
        return objective(delta, chance, settings["alpha"]), expected != sample.labels

    originals = sequences.items[:, 0]
    rate = settings["rate"] * float(embedding.std())
    delta = minimise(losses, torch.zeros_like(embedding[originals]), settings["steps"], rate)
    nearest = nearest_item(embedding[originals] + delta, embedding, candidates.allowed(originals))
    return replace(sequences, items=torch.cat([nearest[:, None], sequences.items[:, 1:]], dim=1))


def objective(delta: Tensor, chance: Tensor, alpha: float) -> Tensor:
    """Eq. 4 for each sample: ||Delta||^2 + alpha * probability of the old next item. Result (samples,)."""
    return delta.square().sum(dim=1) + alpha * chance


def chances(states: Tensor, items: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The probability of each sample's label, a softmax over all items, and the item that is expected instead or still.

    states (samples, dim), items (catalogue, dim), labels (samples,); both results (samples,).
    """
    return _Chances.apply(states, items, labels)


class _Chances(torch.autograd.Function):
    """Value and gradient in one pass over chunks of rows, as in M's objective: by the scores the gradient of p_label is
    p_label (1 at the label - p)."""

    @staticmethod
    def forward(ctx, states: Tensor, items: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        chance, expected, gradient = states.new_empty(len(states)), torch.empty_like(labels), torch.empty_like(states)
        rows, across = rows_at_once(states.device, len(items)), items.T.contiguous()
        for begin in range(0, len(states), rows):
            part = slice(begin, begin + rows)
            scores = torch.mm(states[part], across)
            torch.argmax(scores, 1, out=expected[part])
            probabilities = scores.softmax(dim=1)
            torch.gather(probabilities, 1, labels[part, None], out=chance[part, None])
            torch.mm(probabilities, items, out=gradient[part])
        ctx.save_for_backward((items[labels] - gradient) * chance[:, None])
        ctx.mark_non_differentiable(expected)
        return chance, expected

    @staticmethod
    @once_differentiable
    def backward(ctx, of_chance: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        return ctx.saved_tensors[0] * of_chance[:, None], None, None
