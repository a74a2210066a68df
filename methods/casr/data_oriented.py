"""The data-oriented sampler (D): the smallest change of one item that changes the next one (eqs. 3 to 5)."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from methods.casr.candidates import Candidates, nearest_item
from methods.casr.perturbation import minimise, moved
from methods.casr.prefixes import Prefixes
from methods.engine.branches import Branches


def objective(delta: Tensor, logits: Tensor, labels: Tensor, alpha: float) -> Tensor:
    """Eq. 4 for each sample: ||Delta||^2 + alpha * probability of the old next item. Result (samples,)."""
    old = logits.gather(1, labels[:, None])[:, 0]
    return delta.square().sum(dim=1) + alpha * (old - logits.logsumexp(dim=1)).exp()


def replace_item(sequences: Branches, sampler: Prefixes, candidates: Candidates, settings: Mapping) -> Branches:
    """The sequences with the replacement that eqs. 4 and 5 give. `sequences.labels` are the old next items.

    Delta starts at zero and stops where the sampler expects another next item: eq. 3 asks for the shortest such way.
    Whether that is still so after the projection is for the caller to see by eq. 2.
    """
    embedding = sampler.model.item_embedding.weight.detach()

    def losses(delta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        sample = sequences.take(rows)
        logits = sampler.logits(moved(sample, delta))
        return objective(delta, logits, sample.labels, settings["alpha"]), logits.argmax(dim=1) != sample.labels

    originals = sequences.items[:, 0]
    rate = settings["rate"] * float(embedding.std())
    delta = minimise(losses, torch.zeros_like(embedding[originals]), settings["steps"], rate)
    nearest = nearest_item(embedding[originals] + delta, embedding, candidates.allowed(originals))
    return replace(sequences, items=torch.cat([nearest[:, None], sequences.items[:, 1:]], dim=1))
