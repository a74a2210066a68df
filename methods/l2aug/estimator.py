"""REINFORCE (eqs. 5 to 7): the gradient of the expected reward from edits of one batch and the reward of each."""

import torch
from torch import Tensor

BASELINES = ("others", "none")


def draw(log_policy: Tensor, edits: int, generator: torch.Generator) -> Tensor:
    """Actions of several edits of a batch. log_policy (rows, width, actions); result (edits, rows, width)."""
    chances = log_policy.detach().exp().cumsum(2)
    uniform = torch.rand(edits, *log_policy.shape[:2], 1, generator=generator, dtype=log_policy.dtype)
    return (uniform.to(chances.device) > chances).sum(3).clamp(max=log_policy.shape[2] - 1)


def advantages(rewards: Tensor, baseline: str) -> Tensor:
    """others: each reward minus the mean of the other edits'; none: the reward itself, as printed. rewards (edits,)."""
    if baseline == "none":
        return rewards
    return (rewards - rewards.mean()) * (len(rewards) / (len(rewards) - 1))


def policy_loss(log_policy: Tensor, inside: Tensor, actions: Tensor, advantage: Tensor) -> Tensor:
    """Its gradient is the one of eq. 7 turned round, the mean over the edits. log_policy (rows, width, actions); inside
    (rows, width): which places hold an item; actions (edits, rows, width); advantage (edits,)."""
    taken = log_policy.expand(len(actions), *log_policy.shape).gather(3, actions[..., None])[..., 0]
    return -((taken * inside).sum((1, 2)) @ advantage.to(taken)) / len(actions)
