"""CPR as the workflow knows it (methods/engine/treatment.py): the pool is a learnt world, and its lists are trained on.

The world looks at no recommender; all anchors, both strategies and every k share it.
"""

from collections.abc import Mapping

import torch

from datasets.pipeline.lists import blocks
from methods.cpr.augment import CONTROL, Augmented, augment
from methods.cpr.description import against_truth, describe_sets
from methods.cpr.fit import World, fit_world
from methods.cpr.world import load_world, save_world
from methods.engine.data.split import Targets
from methods.engine.treatment import Retrained, Source, Task, Truth, derived_seed

load, save = load_world, save_world


def generate(source: Source) -> World:
    settings, split = source.settings["treatment"], source.split
    lists = blocks(source.lists(), settings["length"])
    seed = derived_seed(source.seed, "pool")
    return fit_world(lists, split.users, split.catalogue, settings, seed, source.device, source.say)


def counts(world: World) -> dict:
    """The ELBO of both posteriors at the first and at the last step."""
    return {"elbo": {name: [curve[0], curve[-1]] for name, curve in world.curves.items()}}


def retrain(task: Task) -> Retrained:
    """The anchor, trained on counterfactual sets; a control on random ones, as many rounds as its cell took."""
    settings, strategy, world = own_settings(task), task.strategy, None
    if task.control_epochs is None:
        world = task.pool.to(task.run.device)
    else:
        strategy, settings["rounds"], settings["patience"] = CONTROL, task.control_epochs, task.control_epochs
    model = task.pretrained()
    done = augment(strategy, model, task.split, world, settings, task.run)
    return Retrained(model, done.fitted, len(done.first), done)


def own_settings(task: Task) -> dict:
    """The treatment's settings, with the anchor's objective for `own`; an anchor without one is pairwise (BPR)."""
    settings = dict(task.settings["treatment"])
    if settings["loss"] == "own":
        settings["loss"] = task.settings["anchor"].get("objective", "pairwise")
    return settings


def describe(task: Task, retrained: Retrained, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """The sets of the first round: how many, how much of them was observed or is held out, and how much is true."""
    done: Augmented = retrained.details
    settings = own_settings(task)
    about = {
        "strategy": task.strategy,
        "k": settings["k"],
        "loss": settings["loss"],
        "sets": len(done.first),
        "rounds": retrained.fitted.epochs,
        "reward": [float(torch.tensor(part).mean()) for part in (done.rewards[:10], done.rewards[-10:]) if part],
        **describe_sets(done.first, task.split, held_out),
    }
    if truth is None or not truth.answers("true_choices"):
        return about
    return {**about, **against_truth(task.pool, done.first, retrained.model, truth)}
