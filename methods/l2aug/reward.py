"""What an edit is worth: how much better a copy of the recommender ranks the meta users' items after training on it."""

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Split, Targets
from methods.engine.fit.trainer import Examples, Trainer
from methods.engine.recommender import SequentialRecommender
from methods.evaluation.metrics import per_user
from methods.evaluation.ranking import rank

METRICS = {"ht": ("hr",), "ndcg": ("ndcg",), "both": ("hr", "ndcg"), "mrr": ("mrr",)}
CUTOFF = 10  # of ht and ndcg; mrr looks at the whole catalogue
FEWEST_USERS = 20


def meta_of(split: Split, share: float) -> Targets:
    """The first `share` of the split's meta set: smaller ones are parts of larger ones."""
    if split.meta is None:
        raise BadInput(f"{split.name}: there is no meta set, which l2aug wants; add the key meta to its card")
    users = round(share * len(split.meta.users))
    if users < FEWEST_USERS:
        raise BadInput(f"l2aug: meta_share {share} leaves {users} meta users, fewer than {FEWEST_USERS}; raise it")
    return Targets(split.meta.users[:users], split.meta.items[:users])


def worth(model: SequentialRecommender, split: Split, meta: Targets, metric: str, device: torch.device) -> float:
    """The metric, or the sum of two, of the meta users, by the engine's ranking."""
    ranks = rank(model, split, meta, device)
    cutoff = split.catalogue if metric == "mrr" else CUTOFF
    values = (per_user(name, cutoff, ranks.above_kept, ranks.ties_kept) for name in METRICS[metric])
    return float(sum(np.mean(value) for value in values))


def trained_copy(
    model: SequentialRecommender, settings: dict, seed: int, device: torch.device, steps: Sequence[Examples]
) -> SequentialRecommender:
    """A copy of the model after a step of the engine's trainer, begun anew, on each of `steps`."""
    trainer = Trainer(copy.deepcopy(model), settings, seed, device)
    for step in steps:
        trainer.step([step])
    return trainer.model


def refuse_infinite(what: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise FloatingPointError(f"l2aug: the {what} is not finite in step {step}; lower a learning rate")
