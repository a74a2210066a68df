"""Algorithm 1's loop around the recommender: every so many steps of a policy one of it, on edits and originals."""

import torch

from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.fit.trainer import Trainer
from methods.engine.recommender import Fitted, Run, SequentialRecommender
from methods.l2aug.actions import unedited
from methods.l2aug.batch import Source, examples
from methods.l2aug.policy import Policy, Unedited
from methods.l2aug.reward import refuse_infinite

UPDATES = 5  # of the recommender between two validations, which close an epoch


def epochs_of(settings: dict) -> int:
    """How many epochs the steps of a policy last."""
    return -(-settings["steps"] // (settings["every"] * UPDATES))


def train_on_edits(
    model: SequentialRecommender,
    source: Source,
    editor: Policy | Unedited,
    settings: dict,
    of_model: dict,
    run: Run,
    seed: int,
    epochs: int,
    patience: int,
) -> Fitted:
    """Steps 1, 1 + every, .. of the policy are each followed by an update of the recommender, on a batch of edited
    sequences and one of originals of all groups (replay). The originals and their negatives are the same whatever the
    editor does."""
    trainer = Trainer(model, of_model, seed, run.device)
    users = source.of_group(editor.group)
    of_replay, of_edits = (torch.Generator().manual_seed(seed + part) for part in (3, 4))
    stopper, step = EarlyStopping(patience, epochs), 0
    for _ in stopper:
        total = torch.zeros((), device=run.device)
        for place in range(UPDATES * settings["every"]):
            step += 1
            editor.learn(model, step)
            if place % settings["every"]:
                continue
            originals = source.draw(source.trained, settings["batch"], of_replay)
            batch = source.draw(users, settings["batch"], of_edits)
            parts = [
                (unedited(originals.items, originals.lengths), source.draw_negatives(originals, of_replay)),
                (editor.edit(batch), source.draw_negatives(batch, of_edits)),
            ]
            loss = trainer.step([examples(parts)])
            refuse_infinite("recommender's loss", float(loss), step)
            total += loss
        stopper.close_epoch(total / UPDATES, model, run)
    return stopper.finish(model)
