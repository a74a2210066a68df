"""Focused learning as the workflow knows it (methods/engine/treatment.py): a regularisation for casual users."""

from methods.engine.treatment import Retrained, Task
from methods.random.treatment import begun


def retrain(task: Task) -> Retrained:
    """The anchor, trained anew with the treatment's weight decay: the search finds it by the group that selects."""
    model = begun(task)
    settings = {**task.settings["anchor"], "weight_decay": task.settings["treatment"]["weight_decay"]}
    return Retrained(model, task.anchor.fit(model, task.split, settings, task.run), 0)
