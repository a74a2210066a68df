"""The target model f: its loss on counterfactual sets, and its training on them."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from methods.bpr.model import BPR
from methods.cpr.counterfactual import Sets
from methods.engine.data.ragged import sent
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.adam import Adam
from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.fit.pairs import OBJECTIVES, PairRecommender
from methods.engine.recommender import Fitted, Recommender, Run

Logits = Callable[[Tensor, Tensor], Tensor]  # users (n,), items (n, m) -> f before the sigmoid (n, m)


def pair_logits(model: Recommender) -> Logits:
    """f of a model as a function of pairs."""
    if isinstance(model, PairRecommender):
        return model.logits
    if isinstance(model, BPR):
        return lambda users, items: (
            (model.user_embedding(users)[:, None] * model.item_embedding(items)).sum(dim=2)
            + model.item_bias(items).sum(dim=2)
        )
    raise TypeError(f"{type(model).__name__} gives no scores of pairs of user and item, which CPR trains on")


def set_losses(logits: Logits, sets: Sets, loss: str) -> Tensor:
    """L_f(C) of each list: eq. 1 over the pairs of s^(k+) x s^(k-), or eq. 2 over both sets. Shape (n,)."""
    k = sets.positives.shape[1]
    values = logits(sets.users, torch.cat([sets.positives, sets.others], dim=1))
    terms = OBJECTIVES[loss](values[:, :k], values[:, k:])
    if loss == "pairwise":
        return (terms * sets.pairs).sum(dim=(1, 2))
    return terms.sum(dim=1)


def retrain(
    model: Recommender, split: Split, settings: Mapping, run: Run, draw_sets: Callable[[torch.Generator], Sets]
) -> Fitted:
    """Algorithm 1, the last loop: in each of at most `rounds` rounds new sets C, on which f goes on training.

    draw_sets(generator): C of a round, on the run's device. With retrain_on = mixed every round holds each observed
    pair once more beside them, with one sampled negative; batches have one kind each and come in random order. Every
    term weighs the same within its batch. Settings: loss, k, rounds, patience, retrain_on, retrain_batch,
    retrain_learning_rate, retrain_regularisation.
    """
    generator = torch.Generator().manual_seed(run.seed)
    model.to(run.device)
    logits = pair_logits(model)
    optimizer = Adam(model.parameters(), settings["retrain_learning_rate"], settings["retrain_regularisation"])
    held = split.held
    negatives = Negatives(held, split.catalogue)
    stopper = EarlyStopping(settings["patience"], settings["rounds"])
    for _ in stopper:
        model.train()
        kinds = [draw_sets(generator)]
        if settings["retrain_on"] == "mixed":
            others = negatives.draw(held.rows, 1, generator)
            kinds.append(Sets(held.rows, held.items[:, None], others).to(run.device))
        batches = [
            (sets, index)
            for sets in kinds
            for index in torch.randperm(len(sets), generator=generator).split(settings["retrain_batch"])
        ]
        batches = [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]
        total, count = torch.zeros((), device=run.device), 0
        indices = [index for _, index in batches]
        moved = sent(torch.cat(indices), [len(index) for index in indices], run.device)
        for (sets, _), index in zip(batches, moved, strict=True):
            value = set_losses(logits, sets.take(index), settings["loss"]).mean()
            optimizer.step(value)
            total, count = total + value.detach() * len(index), count + len(index)
        stopper.close_epoch(total / count, model, run)
    return stopper.finish(model)
