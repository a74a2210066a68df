"""Next-item training: every prefix of a window in one pass, extra counterfactual sequences branching off it."""

from dataclasses import fields

import torch

from methods.engine.batches import Batch, Batches
from methods.engine.branches import Branches
from methods.engine.cores import cores
from methods.engine.dropout import drawing_from
from methods.engine.early_stopping import EarlyStopping
from methods.engine.recommender import Fitted, Run, SequentialRecommender
from methods.engine.split import Split
from methods.engine.trainer import Examples, Trainer
from methods.engine.windows import Windows, cut_windows


def fit_next_item(
    model: SequentialRecommender, split: Split, settings: dict, run: Run, extra: Branches | None = None
) -> Fitted:
    """Train `model` on all pairs 'prefix to next item' of the split, and on the `extra` sequences.

    A batch is a set of windows that hold about `settings["batch"]` observed pairs, with all extra sequences that
    branch off them; every pair and every extra sequence weighs the same. Stops early on validation NDCG@5, the best
    epoch's weights stay. Settings: batch, epochs, patience, max_length, and those of the trainer.
    """
    torch.manual_seed(run.seed)  # weights a model draws late
    windows = cut_windows(split, settings["max_length"])
    shares = cores(run.device)
    if shares > 1 and _draws_from_all(model.to(run.device), windows):
        shares = 1
    trainer = Trainer(model, settings, run.seed, run.device, shares)
    generator = torch.Generator().manual_seed(run.seed)  # batches, alike on every device
    batches = Batches(windows, extra, settings["batch"], shares, run.device)
    windows, extra = _to(windows, run.device), None if extra is None else _to(extra, run.device)
    stopper = EarlyStopping(settings["patience"], settings["epochs"])
    for _ in stopper:
        total, targets = torch.zeros((), device=run.device), 0
        for batch in batches.epoch(generator):
            count = sum(map(len, batch))
            total = total + count * trainer.step([_examples(share, windows, extra) for share in batch])
            targets += count
        stopper.close_epoch(total / targets, model, run)
    return stopper.finish(model)


def _examples(share: Batch, windows: Windows, extra: Branches | None) -> Examples:
    items = windows.inputs[share.windows, : share.width]
    targets = windows.targets[share.windows, : share.width].flatten()[share.places]
    branches = extra.take(share.branches) if len(share.branches) else None
    return Examples(
        items, windows.lengths[share.windows], share.places, targets, branches, share.rows, share=share.share
    )


def _draws_from_all(model: SequentialRecommender, windows: Windows) -> bool:
    """Whether the model draws from torch's global generator (as torch.nn.Dropout does, unlike the engine's) for its
    states: shares worked on side by side would then take its numbers in an order of chance."""
    before, items = torch.get_rng_state(), windows.inputs[:2]
    with torch.no_grad(), drawing_from(torch.Generator()):
        model.train().encode(model.item_embedding(items))
        places = torch.nonzero(windows.counts[:2].flatten())[:, 0]
        model.states_at(model.item_embedding, items, windows.lengths[:2], places)
    changed = not torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(before)
    return changed


def _to(tensors: Windows | Branches, device: torch.device) -> Windows | Branches:
    found = (getattr(tensors, field.name) for field in fields(tensors))
    return type(tensors)(*(None if value is None else value.to(device) for value in found))
