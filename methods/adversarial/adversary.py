"""Adversarially reweighted learning (Lahoti et al. 2020): who is hard to predict gets more weight."""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.sampling import other_items
from methods.engine.fit.adam import Adam
from methods.engine.fit.losses import TERMS
from methods.engine.fit.trainer import Examples
from methods.engine.recommender import SequentialRecommender

ALONE = 1  # epochs before the adversary begins


class Adversary(nn.Module):
    """The weight of a pair is 1 + sigmoid(a) / mean sigmoid(a), a linear in the recommender's state there and a vector
    of the target of the adversary's own; halved, so that the mean is 1 and a constant a gives plain training. It is
    moved towards a larger weighted loss."""

    def __init__(self, model: SequentialRecommender, settings: dict, rate: float, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        table = model.output_embedding.weight
        self.targets = nn.Embedding(*table.shape, device=table.device)
        self.linear = nn.Linear(2 * table.shape[1], 1, device=table.device)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.optimizer = Adam(self.parameters(), rate)
        self.model, self.settings = [model], settings  # a list, for its parameters are not the adversary's
        self.chance = torch.Generator(table.device).manual_seed(seed)

    def reweigh(self, epoch: int, batch: Sequence[Examples]) -> Sequence[Examples]:
        """The batch with its weights; then the adversary takes its step."""
        if epoch <= ALONE:
            return batch
        states = [self._states(share) for share in batch]
        logits = self._logits(torch.cat(states), torch.cat([share.targets for share in batch]))
        losses = torch.cat([self._losses(each, share) for each, share in zip(states, batch, strict=True)])
        weights = _weights(logits)
        given = weights.detach().split([len(share) for share in batch])
        self.optimizer.step(-(weights * losses).mean())
        pairs = zip(batch, given, strict=True)
        return [replace(share, weights=own if share.weights is None else own * share.weights) for share, own in pairs]

    @torch.no_grad()
    def weights(self, share: Examples) -> Tensor:
        """Of each pair."""
        return _weights(self._logits(self._states(share), share.targets))

    def _logits(self, states: Tensor, targets: Tensor) -> Tensor:
        return self.linear(torch.cat([states, self.targets(targets)], 1))[:, 0]

    @torch.no_grad()
    def _states(self, share: Examples) -> Tensor:
        model = self.model[0].eval()
        return model.states_at(model.item_embedding, share.items, share.lengths, share.places)

    @torch.no_grad()
    def _losses(self, states: Tensor, share: Examples) -> Tensor:
        model, objective = self.model[0], self.settings["objective"]
        if objective == "softmax":
            return F.cross_entropy(model.item_scores(states), share.targets, reduction="none")
        others = share.others
        if others is None:
            catalogue = model.output_embedding.num_embeddings
            others = other_items(share.targets, self.settings["negatives"], catalogue, self.chance)
        items = torch.cat([share.targets[:, None], others], 1)
        return TERMS[objective](torch.einsum("nd,nkd->nk", states, model.output_embedding(items))).sum(1)


def _weights(logits: Tensor) -> Tensor:
    regard = logits.sigmoid()
    return (1 + regard / regard.mean()) / 2
