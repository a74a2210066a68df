"""CASR's equations as a reader would write them down: one training sample after another, whole histories, torch.optim.

The other side of the benchmark of the search. It computes what `methods.casr` computes (a test holds them together),
shares nothing between samples and steps, and is otherwise written with care: no loop over items, models frozen.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from methods.casr.candidates import Candidates
from methods.casr.pool import Pool
from methods.engine.recommender import SequentialRecommender
from methods.engine.split import Split
from methods.engine.windows import Windows


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

    def loss(delta: Tensor) -> Tensor | None:
        scores = logits(sampler, history, place, delta)
        if scores.argmax() != label:
            return None
        return delta.square().sum() + settings["alpha"] * scores.softmax(0)[label]

    delta = _descend(loss, embedding[0], settings, embedding.std())
    distance = (embedding[history[place]] + delta - embedding).square().sum(1)
    return candidates.rule_out(distance[None], history[place : place + 1]).argmin()


def model_oriented(
    sampler: SequentialRecommender, anchor: SequentialRecommender, history: Tensor, place: int, settings: Mapping
) -> Tensor:
    """Eq. 7 for one sample: Delta (dim,)."""

    def loss(delta: Tensor) -> Tensor:
        weights = (settings["tau"] * logits(sampler, history, place, delta)).softmax(0)
        expected = weights @ logits(anchor, history, place, delta).log_softmax(0)
        return expected + settings["beta"] * delta.square().sum()

    spaces = [model.item_embedding.weight.detach() for model in (sampler, anchor)]
    return _descend(loss, spaces[0][0], settings, min(space.std() for space in spaces))


def samples_of(pool: Pool, windows: Windows, chosen: Tensor) -> list[tuple[Tensor, int, Tensor]]:
    """(history, place of the replaced item, observed next item) of the pool's rows at `chosen`."""
    found = []
    for row in chosen.tolist():
        place = int(pool.starts[row])
        history = windows.inputs[pool.windows[row], : place + pool.items.shape[1]]
        found.append((history, place, pool.observed[row]))
    return found


def _descend(loss_of: Callable, like: Tensor, settings: Mapping, scale: Tensor) -> Tensor:
    """Adam with the falling step size, from 0; a loss of None says that Delta has arrived."""
    delta = torch.zeros_like(like, requires_grad=True)
    optimiser = torch.optim.Adam([delta])
    for step in range(settings["steps"]):
        loss = loss_of(delta)
        if loss is None:
            break
        optimiser.param_groups[0]["lr"] = settings["rate"] * float(scale) * (1 - step / settings["steps"])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
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
