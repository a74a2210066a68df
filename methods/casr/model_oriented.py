"""The model-oriented sampler (M): a virtual item after which the anchor errs most (eqs. 6 and 7)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from methods.casr.perturbation import minimise, moved
from methods.casr.prefixes import Prefixes
from methods.engine.branches import Branches


def objective(delta: Tensor, sampler_logits: Tensor, anchor_logits: Tensor, tau: float, beta: float) -> Tensor:
    """Eq. 7 for each sample, to be maximised: the anchor's loss, expected over the sampler's next item, minus
    beta * ||Delta||^2. tau sharpens the sampler's distribution: 0 is uniform, infinity its argmax. Result (samples,).
    """
    expected = ((tau * sampler_logits).softmax(dim=1) * anchor_logits.log_softmax(dim=1)).sum(dim=1)
    return -expected - beta * delta.square().sum(dim=1)


def replace_item(sequences: Branches, sampler: Prefixes, anchor: Prefixes, settings: Mapping) -> Branches:
    """The sequences with Delta added to the shift of their first item. One Delta serves both embedding spaces."""

    def losses(delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        sample = moved(sequences.take(rows), delta)
        loss = -objective(delta, sampler.logits(sample), anchor.logits(sample), settings["tau"], settings["beta"])
        return loss, torch.zeros_like(rows, dtype=torch.bool)

    spaces = [side.model.item_embedding.weight.detach() for side in (sampler, anchor)]
    # the finer of the two spaces sets the step, so that Delta tears neither apart
    rate = settings["rate"] * min(float(space.std()) for space in spaces)
    start = torch.zeros_like(spaces[0][sequences.items[:, 0]])
    return moved(sequences, minimise(losses, start, settings["steps"], rate))
