"""One model's view of a batch of samples: what stays of each history is encoded once, only the rest is computed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.engine.data.branches import Branches
from methods.engine.fit.losses import rows_at_once
from methods.engine.recommender import SequentialRecommender, Trunk


@dataclass(frozen=True)
class Prefixes:
    """A model and its pass over the observed histories of a batch, one trunk row for each."""

    model: SequentialRecommender
    trunk: Trunk

    def states(self, sequences: Branches) -> Tensor:
        """The state after each sequence, of shape (samples, dim). `sequences.windows` are rows of the trunk."""
        vectors = sequences.vectors(self.model.item_embedding)
        return self.model.branch(self.trunk, sequences.windows, sequences.starts, vectors)


def encode(model: SequentialRecommender, histories: Tensor) -> Prefixes:
    """histories (rows, length): observed items, filled up on the right."""
    with torch.no_grad():
        return Prefixes(model, model.trunk(model.item_embedding(histories)))


def next_item(sampler: Prefixes, sequences: Branches) -> tuple[Tensor, Tensor]:
    """Eq. 2: the item that the sampler expects next, and its probability, a softmax over all items. Both (samples,)."""
    with torch.no_grad():
        states = sampler.states(sequences)
        label, confidence = torch.empty_like(sequences.labels), states.new_empty(len(states))
        rows = rows_at_once(states.device, sampler.model.item_embedding.num_embeddings)
        for begin in range(0, len(states), rows):
            part = slice(begin, begin + rows)
            logits = sampler.model.item_scores(states[part])
            best, label[part] = logits.max(dim=1)
            confidence[part] = logits.sub_(best[:, None]).exp_().sum(dim=1).reciprocal_()
        return label, confidence


@contextmanager
def frozen(*models: SequentialRecommender) -> Iterator[None]:
    """Without dropout, and without gradients of parameters: the perturbation alone is moved."""
    training = [model.training for model in models]
    wanted = [parameter for model in models for parameter in model.parameters() if parameter.requires_grad]
    try:
        for model in models:
            model.eval()
        for parameter in wanted:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)
        for model, mode in zip(models, training, strict=True):
            model.train(mode)
