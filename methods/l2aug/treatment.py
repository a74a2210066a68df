"""L2Aug as the workflow knows it (methods/engine/treatment.py): no pool is drawn, the policy learns meanwhile."""

from collections.abc import Mapping

import torch

from datasets.pipeline.errors import BadInput
from methods.engine.data.split import Split, Targets
from methods.engine.recommender import SequentialRecommender
from methods.engine.treatment import Retrained, Task, Truth, derived_seed
from methods.l2aug.actions import partners_of
from methods.l2aug.batch import Source
from methods.l2aug.description import describe_policy
from methods.l2aug.loop import epochs_of, train_on_edits
from methods.l2aug.policy import ByRate, Policy, Unedited
from methods.l2aug.reward import meta_of

UNEDITED = {"steps": "core", "casual": "casual"}  # controls, and of which group their sequences are


def retrain(task: Task) -> Retrained:
    """The pretrained anchor, trained on with a policy; or with what stands in its place in a control."""
    source = source_of(task)
    return retrained_with(task, source, editor_of(task, source))


def retrained_with(task: Task, source: Source, editor: Policy | Unedited) -> Retrained:
    settings, model = task.settings["treatment"], task.pretrained()
    epochs, patience = epochs_of(settings), settings["patience"]
    if task.control_epochs is not None:
        epochs = patience = task.control_epochs
    seed = derived_seed(task.seed, "l2aug")
    fitted = train_on_edits(model, source, editor, settings, of_model(task), task.run, seed, epochs, patience)
    return Retrained(model, fitted, len(source.of_group(editor.group)), (source, editor))


def source_of(task: Task) -> Source:
    """BadInput where the split or the anchor cannot be treated."""
    check_split(task.split)
    if not isinstance(task.pretrained(), SequentialRecommender):
        raise BadInput("l2aug edits sequences: its anchor must be a sequential recommender")
    return Source(task.split, dict(task.settings["anchor"]), task.run.device)


def check_split(split: Split) -> None:
    for group in ("core", "casual"):
        if not len(split.groups.get(group, ())):
            raise BadInput(f"{split.name}: l2aug wants {group} users; give the data's card a rule under the key groups")


def of_model(task: Task) -> dict:
    """With what the recommender and its copies are trained."""
    return {**task.settings["anchor"], "learning_rate": task.settings["treatment"]["learning_rate"]}


def editor_of(task: Task, source: Source) -> Policy | Unedited:
    if task.control in UNEDITED:
        return Unedited(UNEDITED[task.control])
    settings = dict(task.settings["treatment"])
    partners, seed = partners_of(task.split.held, task.split.catalogue), derived_seed(task.seed, "l2aug", "policy")
    left = task.treated["augmentation"] if task.control else {}
    if task.control == "rate":
        return ByRate(left["rates"], partners, source.longest, seed)
    rewards = None
    if task.control == "shuffled":
        order = torch.randperm(len(left["rewards"]), generator=torch.Generator().manual_seed(seed))
        rewards = [left["rewards"][place] for place in order.tolist()]
    meta = meta_of(task.split, settings["meta_share"])
    return Policy(source, partners, meta, settings, of_model(task), seed, rewards)


def describe(task: Task, retrained: Retrained, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """What the policy did, and how far it knows what the truth names filler."""
    source, editor = retrained.details
    return describe_policy(source, editor, truth) if isinstance(editor, Policy) else {}
