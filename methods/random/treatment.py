"""Random as the workflow knows it (methods/engine/treatment.py): thinned core histories besides the data."""

import torch

from methods.engine.recommender import Recommender
from methods.engine.treatment import Retrained, Task, derived_seed
from methods.l2aug.treatment import check_split
from methods.random.thinned import thinned


def retrain(task: Task) -> Retrained:
    check_split(task.split)
    settings = task.settings["treatment"]
    split = thinned(task.split, settings["rate"], settings["how"], derived_seed(task.seed, "random"))
    model = begun(task)
    fitted = task.anchor.fit(model, split, dict(task.settings["anchor"]), task.run)
    return Retrained(model, fitted, len(task.split.groups["core"]))


def begun(task: Task) -> Recommender:
    """The anchor as its plain training begins with it."""
    torch.manual_seed(task.run.seed)
    return task.anchor.build(task.split, dict(task.settings["anchor"]))
