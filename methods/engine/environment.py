"""Worlds that answer an agent: data sets with an `environment.py`, which has `make(settings, seed) -> gymnasium.Env`.

An agent's module `methods/<name>/model.py` offers

    build(observation_space, action_space, settings) -> Agent
    fit(agent, environment, settings, run) -> Fitted    run.validate(agent): what selects, of episodes kept for it
"""

from collections.abc import Callable, Iterable

import gymnasium
import numpy as np
import pandas as pd
import torch
from torch import nn

CLICKS = "clicks"  # what a step's `info` may count


class Agent(nn.Module):
    """All that it has learned is a parameter or a registered buffer, as of any recommender."""

    def act(self, states: np.ndarray) -> np.ndarray:
        """The action in each state. states (batch, ..), result (batch, ..)."""
        raise NotImplementedError(f"{type(self).__name__} gives no `act`")


@torch.inference_mode()
def play(agent: Agent, make: Callable[[int], gymnasium.Env], seeds: Iterable[int]) -> pd.DataFrame:
    """An episode in a new environment for each seed: `episode, return, steps`, and `clicks` where that counts them."""
    was_training = agent.training
    agent.eval()
    found = [_episode(agent, make(seed), seed) for seed in seeds]
    agent.train(was_training)
    table = pd.DataFrame(found, columns=["return", "steps", CLICKS])
    table.insert(0, "episode", range(len(table)))
    return table.drop(columns=CLICKS) if table[CLICKS].isna().any() else table.astype({CLICKS: np.int64})


def _episode(agent: Agent, environment: gymnasium.Env, seed: int) -> tuple[float, int, int | None]:
    state, _ = environment.reset(seed=seed)
    total, steps, clicks, done = 0.0, 0, None, False
    while not done:
        action = agent.act(np.asarray(state)[None])[0]
        state, reward, ended, cut, info = environment.step(action)
        total, steps, done = total + float(reward), steps + 1, ended or cut
        if CLICKS in info:
            clicks = (clicks or 0) + int(info[CLICKS])
    environment.close()
    return total, steps, clicks
