"""Adversarial reweighting as the workflow knows it (methods/engine/treatment.py): no pool, the pairs get weights."""

from collections.abc import Mapping

import torch

from datasets.pipeline.errors import BadInput
from methods.adversarial.adversary import Adversary
from methods.engine.data.split import Targets
from methods.engine.data.windows import cut_windows
from methods.engine.fit.trainer import examples_of
from methods.engine.fit.training import fit_next_item
from methods.engine.recommender import SequentialRecommender
from methods.engine.treatment import Retrained, Task, Truth, derived_seed
from methods.random.treatment import begun


def retrain(task: Task) -> Retrained:
    """The anchor, trained anew beside the adversary."""
    if task.anchor.fit is not fit_next_item:
        raise BadInput(f"adversarial weighs pairs of next-item training, and {task.anchor.__name__} has another one")
    model, settings = begun(task), dict(task.settings["anchor"])
    if not isinstance(model, SequentialRecommender):
        raise BadInput("adversarial: its anchor must be a sequential recommender")
    model = model.to(task.run.device)
    seed = derived_seed(task.seed, "adversary")
    adversary = Adversary(model, settings, task.settings["treatment"]["adversary_rate"], seed)
    fitted = fit_next_item(model, task.split, settings, task.run, reweigh=adversary.reweigh)
    return Retrained(model, fitted, 0, adversary)


def describe(task: Task, retrained: Retrained, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """The mean weight of each group's pairs at the end."""
    windows = cut_windows(task.split, task.settings["anchor"]["max_length"])
    weights = retrained.details.weights(examples_of(windows))
    users = windows.users[windows.samples[0]]
    return {"weight": {name: float(weights[torch.isin(users, of)].mean()) for name, of in task.split.groups.items()}}
