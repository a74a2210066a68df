"""Draw users who meet items by themselves and users to whom a system shows them; the truth stays beside them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datasets.csrec_synthetic.truth import Truth, met, sigmoid
from datasets.pipeline.exposures import INTERVENTIONAL, OBSERVATIONAL


@dataclass(frozen=True)
class World:
    """One synthetic data set. carry, effect, mood: in units of the logit (the last two are deviations between users for
    the mood, and the mean of an effect that is one to half of the users and none to the other half); arrow: whether an
    acceptance changes what is met next; training: decisions of each user that may be trained on."""

    seed: int = 1
    users: int = 600
    items: int = 40
    dim: int = 4
    observed: int = 40
    training: int = 30
    held_out: int = 10
    carry: float = 1.2
    effect: float = 0.0
    mood: float = 0.0
    arrow: float = 0.0
    base: float = -0.6


def generate(world: World) -> tuple[pd.DataFrame, Truth]:
    """Exposures in order (datasets/pipeline/exposures.py) and what is true behind them. Equal worlds, equal bits."""
    seeds = np.random.SeedSequence(world.seed).spawn(4)
    people, alone, shown, answered = (np.random.default_rng(seed) for seed in seeds)
    taste = people.normal(size=(world.users, world.dim)) @ people.normal(size=(world.dim, world.items))
    effect = world.effect * 2 * (people.random(world.users) < 0.5)
    truth = Truth(
        preference=world.base + taste / np.sqrt(world.dim),
        popularity=0.5 * people.normal(size=world.items),
        effect=effect,
        mood=world.mood * people.normal(size=world.users),
        carry=np.float64(world.carry),
        moved=np.float64(world.arrow),
    )
    steps = world.training + world.held_out
    recommended = shown.integers(world.items, size=(world.users, steps))
    by_system = _decide(truth, recommended, answered)
    met_items, by_self = _alone(truth, world.observed, alone)
    return pd.concat(
        [_table(met_items, by_self, OBSERVATIONAL), _table(recommended, by_system, INTERVENTIONAL)], ignore_index=True
    ), truth


def _decide(truth: Truth, items: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The answers to recommended items, one after another. items, result (users, steps)."""
    everyone = np.arange(len(items))
    result = np.zeros(items.shape, dtype=bool)
    last = np.zeros(len(items))
    for step, item in enumerate(items.T):
        logit = truth.preference[everyone, item] + truth.popularity[item] + truth.effect + truth.carry * last
        last = result[:, step] = random.random(len(items)) < sigmoid(logit)
    return result


def _alone(truth: Truth, steps: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What each user meets and answers without a system. Both (users, steps)."""
    everyone = np.arange(len(truth.preference))
    value = truth.preference + truth.popularity
    items = np.empty((len(everyone), steps), dtype=np.int64)
    result = np.zeros(items.shape, dtype=bool)
    last = np.zeros(len(everyone))
    for step in range(steps):
        item = items[:, step] = met(value + truth.moved * last[:, None] * truth.popularity, truth.mood, random)
        logit = value[everyone, item] + truth.mood + truth.carry * last
        last = result[:, step] = random.random(len(everyone)) < sigmoid(logit)
    return items, result


def _table(items: np.ndarray, accepted: np.ndarray, regime: str) -> pd.DataFrame:
    users = np.repeat(np.arange(len(items)), items.shape[1])
    return pd.DataFrame({"user": users, "item": items.ravel(), "accepted": accepted.ravel(), "regime": regime})
