"""CASR's equations as a reader would write them down: one training sample after another, whole histories.

The other side of the benchmark of the search. It computes what `methods.casr` computes (a test holds them together),
shares nothing between samples and steps, and is otherwise written with care: no loop over items, models frozen.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from methods.casr.candidates import Candidates
from methods.casr.perturbation import HIDDEN, SETTLED
from methods.casr.pool import Pool
from methods.engine.data.split import Split
from methods.engine.data.windows import Windows
from methods.engine.recommender import SequentialRecommender


def logits(model: SequentialRecommender, history: Tensor, place: int, delta: Tensor) -> Tensor:
    """Scores of every next item (catalogue,) after `history` (length,), `delta` added to the embedding at `place`."""
    vectors = model.item_embedding(history)
    moved = torch.cat([vectors[:place], vectors[place : place + 1] + delta, vectors[place + 1 :]])
    return model.item_scores(model.encode(moved[None]).states[0, -1])


def data_oriented(
    sampler: SequentialRecommender,
    candidates: Candidates,
    history: Tensor,
    place: int,
    label: Tensor,
    settings: Mapping,
) -> Tensor:
    """Eqs. 3 to 5 for one sample: the item that replaces the one at `place`."""
    embedding = sampler.item_embedding.weight.detach()

    def loss(delta: Tensor) -> tuple[Tensor, bool]:
        scores = logits(sampler, history, place, delta)
        value = delta.square().sum() + settings["alpha"] * scores.softmax(0)[label]
        return value, bool(scores.argmax() != label)

    delta = _descend(loss, 1.0, settings, [embedding])
    distance = (embedding[history[place]] + delta - embedding).square().sum(1)
    return candidates.rule_out(distance[None], history[place : place + 1]).argmin()


def model_oriented(
    sampler: SequentialRecommender, anchor: SequentialRecommender, history: Tensor, place: int, settings: Mapping
) -> Tensor:
    """Eq. 7 for one sample: Delta (dim,)."""

    def loss(delta: Tensor) -> tuple[Tensor, bool]:
        weights = (settings["tau"] * logits(sampler, history, place, delta)).softmax(0)
        expected = weights @ logits(anchor, history, place, delta).log_softmax(0)
        return expected + settings["beta"] * delta.square().sum(), False

    spaces = [model.item_embedding.weight.detach() for model in (sampler, anchor)]
    return _descend(loss, settings["beta"], settings, spaces)


def samples_of(pool: Pool, windows: Windows, chosen: Tensor) -> list[tuple[Tensor, int, Tensor]]:
    """(history, place of the replaced item, observed next item) of the pool's rows at `chosen`."""
    found = []
    for row in chosen.tolist():
        place = int(pool.starts[row])
        history = windows.inputs[pool.windows[row], : place + pool.items.shape[1]]
        found.append((history, place, pool.observed[row]))
    return found


def _descend(
    loss_of: Callable[[Tensor], tuple[Tensor, bool]], weight: float, settings: Mapping, spaces: Sequence[Tensor]
) -> Tensor:
    """From 0 by steps that lower the loss, as `methods.casr.perturbation.minimise` does; loss_of(delta) gives the loss
    and whether Delta ends there."""

    def evaluated(delta: Tensor) -> tuple[float, Tensor, bool]:
        delta.requires_grad_()
        loss, ends = loss_of(delta)
        (gradient,) = torch.autograd.grad(loss, delta)
        return loss.item(), gradient, ends

    delta = torch.zeros_like(spaces[0][0])
    loss, gradient, ended = evaluated(delta)
    curvature = 2 * weight
    reach = settings["rate"] * float(min(space.std() for space in spaces)) * len(delta) ** 0.5
    for _ in range(settings["steps"]):
        slope = gradient.norm().item()
        if ended or slope == 0:
            break
        length = min(slope / curvature, reach) if curvature > 0 else reach
        step = gradient * (-length / slope)
        trial = delta.detach() + step
        new_loss, new_gradient, ends = evaluated(trial)
        change = new_loss - loss
        if abs(change) <= HIDDEN * torch.finfo(gradient.dtype).eps * abs(loss):
            change = (gradient + new_gradient) @ step
        curvature = ((new_gradient - gradient) @ step).item() / length**2
        ended = length <= SETTLED * trial.norm().item()
        if change < 0:
            delta, loss, gradient, reach, ended = trial, new_loss, new_gradient, 2 * reach, ended or ends
        else:
            reach = length / 4
    return delta.detach()


def row_for_each_target(split: Split, length: int) -> Windows:
    """Windows of `length` in which one pair is trained each: its target with as much history as fits. What a data
    loader of samples gives, at `length` times the cost of `cut_windows` where histories are long."""
    places = torch.arange(len(split.items)) - split.offsets[split.owners]  # of each item in its history
    ends = torch.arange(len(split.items))[places > 0]  # the target of each pair
    users = split.owners[ends]
    lengths = places[ends].clamp(max=length)
    columns = torch.arange(length)
    inside = columns < lengths[:, None]
    position = torch.where(inside, (ends - lengths)[:, None] + columns, 0)
    inputs, targets = (torch.where(inside, split.items[position + step], 0) for step in (0, 1))
    return Windows(inputs, targets, columns == lengths[:, None] - 1, lengths, users)
