"""A small simulator with every number known, and settings that train it within a blink."""

import numpy as np
import torch

from datasets.pipeline.lists import Blocks
from methods.cards import load_card
from methods.cpr.fit import World
from methods.cpr.posterior import Gaussian
from methods.cpr.simulator import Simulator
from methods.engine.recommender import Run

CPU = torch.device("cpu")
SMALL = {
    "length": 4,
    "exposure_embedding": 3,
    "choice_embedding": 2,
    "epochs": 2,
    "batch": 16,
    "posterior_steps": 5,
    "hidden": 4,
    "policy_steps": 3,
    "loss": "pairwise",
    "lists": 2,
    "rounds": 2,
    "retrain_batch": 16,
}


def small_settings(**changes):
    return load_card("cpr").configured(SMALL, changes)


def simulator(users=6, catalogue=9, seed=0, **changes) -> Simulator:
    """Weights of a size at which every term counts, in double precision."""
    torch.manual_seed(seed)
    model = Simulator(users, catalogue, small_settings(initial_std=1.0, **changes)).double()
    for part in (model.exposure, model.choice):
        torch.nn.init.normal_(part.weight)
    return model.requires_grad_(False)


def point(values) -> Gaussian:
    """A posterior without spread."""
    mean = torch.as_tensor(values, dtype=torch.float64)
    return Gaussian(mean, torch.zeros_like(mean))


def known_world(seed=0, **changes) -> World:
    model = simulator(seed=seed, **changes)
    generator = torch.Generator().manual_seed(seed)
    alpha, beta = (torch.randn(len(part.weight), generator=generator) for part in (model.exposure, model.choice))
    return World(model, point(alpha), point(beta), {})


def some_blocks(users=6, catalogue=9, length=4, lists=5, seed=0) -> Blocks:
    """Random lists, some of them short."""
    random = np.random.default_rng(seed)
    count = users * lists
    shown = np.arange(length) < random.integers(1, length + 1, count)[:, None]
    items = np.stack([random.permutation(catalogue)[:length] for _ in range(count)])
    chosen = shown & (random.random(items.shape) < 0.4)
    return Blocks(np.repeat(np.arange(users), lists), np.where(shown, items, 0), chosen, shown)


def run(seed=1, values=None) -> Run:
    """A run whose validation values are given, or rise."""
    numbers = iter(values or range(1000))
    return Run(seed, CPU, lambda model: float(next(numbers)))
