"""How well the learnt simulator knows a truth that is known (synthetic data)."""

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from methods.cpr.fit import World


@torch.no_grad()
def recovery(world: World, exposure: np.ndarray, answers: np.ndarray) -> dict[str, float | None]:
    """The simulator beside the truth, over all pairs of user and item, shown or not.

    exposure, answers (users, catalogue): the true probability of a first place in a list, and whether the user takes
    the item. exposure_divergence: KL(truth || simulator) in nats, the mean over users; uniform_divergence: the same for
    a simulator that shows all items alike; choice_auc: how often X_u . Y_i is higher for an item that u takes than for
    one that u does not, the mean over users with both kinds (None without any).
    """
    model, choice = world.simulator.exposure, world.simulator.choice
    logits = model.catalogue_logits(model.users.weight, world.alpha.mean)
    learnt = _numpy(logits.double().log_softmax(dim=1))
    uniform = np.full_like(learnt, -np.log(learnt.shape[1]))
    return {
        "exposure_divergence": _divergence(exposure, learnt),
        "uniform_divergence": _divergence(exposure, uniform),
        "choice_auc": mean_auc(_numpy(choice.users.weight @ choice.items.weight.T), answers),
    }


def mean_auc(scores: np.ndarray, answers: np.ndarray) -> float | None:
    """The mean over rows with both answers of P(score of a yes > score of a no), ties counting half."""
    yes = answers.sum(axis=1)
    both = (yes > 0) & (yes < answers.shape[1])
    if not both.any():
        return None
    ranks, taken, yes = rankdata(scores[both], axis=1), answers[both], yes[both]
    above = (ranks * taken).sum(axis=1) - yes * (yes + 1) / 2
    return float((above / (yes * (answers.shape[1] - yes))).mean())


def _divergence(truth: np.ndarray, log_learnt: np.ndarray) -> float:
    return float((truth * (np.log(truth) - log_learnt)).sum(axis=1).mean())


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
