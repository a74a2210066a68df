"""Next-item training: every prefix of a window in one pass, extra counterfactual sequences branching off it."""

from collections.abc import Callable, Sequence
from dataclasses import fields

import torch
from torch import Tensor

from methods.engine.data.batches import Batch, Batches
from methods.engine.data.branches import Branches
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.data.windows import Windows, cut_windows
from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.fit.losses import TERMS
from methods.engine.fit.trainer import Examples, Trainer
from methods.engine.layers.cores import cores
from methods.engine.layers.dropout import drawing_from
from methods.engine.recommender import Fitted, Run, SequentialRecommender

Reweigh = Callable[[int, Sequence[Examples]], Sequence[Examples]]  # of an epoch, from 1, the shares of a batch


def fit_next_item(
    model: SequentialRecommender,
    split: Split,
    settings: dict,
    run: Run,
    extra: Branches | None = None,
    reweigh: Reweigh | None = None,
) -> Fitted:
    """Train `model` on all pairs 'prefix to next item' of the split, and on the `extra` sequences.

    A batch is a set of windows that hold about `settings["batch"]` observed pairs, with all extra sequences that
    branch off them; every pair and every extra sequence weighs the same. Stops early on validation NDCG@5, the best
    epoch's weights stay. Settings: batch, epochs, patience, max_length, and those of the trainer; where a model has
    them, `targets`: how many of the items behind a prefix are trained, each a pair; `batch_of`: pairs, or sequences,
    whose windows are then counted; `outside`: what a negative is not, the target, or any item of the user's training
    history. reweigh: gives the pairs of a batch other weights.
    """
    torch.manual_seed(run.seed)  # weights a model draws late
    windows = cut_windows(split, settings["max_length"])
    shares = cores(run.device)
    if shares > 1 and _draws_from_all(model.to(run.device), windows):
        shares = 1
    trainer = Trainer(model, settings, run.seed, run.device, shares)
    generator = torch.Generator().manual_seed(run.seed)  # batches, alike on every device
    by_windows = settings.get("batch_of") == "sequences"
    batches = Batches(windows, extra, settings["batch"], shares, run.device, by_windows)
    ahead = settings.get("targets", 1)
    draw = _outside_histories(split, windows, settings, run) if settings.get("outside") == "history" else None
    windows, extra = _to(windows, run.device), None if extra is None else _to(extra, run.device)
    stopper = EarlyStopping(settings["patience"], settings["epochs"])
    for epoch in stopper:
        total, targets = torch.zeros((), device=run.device), 0
        for batch in batches.epoch(generator):
            count = sum(map(len, batch))
            shares = [_examples(share, windows, extra, draw, ahead) for share in batch]
            total = total + count * trainer.step(shares if reweigh is None else reweigh(epoch, shares))
            targets += count
        stopper.close_epoch(total / targets, model, run)
    return stopper.finish(model)


def _outside_histories(split: Split, windows: Windows, settings: dict, run: Run) -> Callable[[Tensor], Tensor] | None:
    """What draws the negatives of users (pairs,) among the items outside their training histories; None where the
    objective has no negatives."""
    if settings["objective"] not in TERMS:
        return None
    negatives, generator = Negatives(split.held, split.catalogue), torch.Generator(run.device).manual_seed(run.seed)
    negatives.check(windows.users)
    negatives = negatives.to(run.device)
    return lambda users: negatives.draw_checked(users, settings["negatives"], generator)


def _examples(
    share: Batch, windows: Windows, extra: Branches | None, draw: Callable[[Tensor], Tensor] | None, ahead: int
) -> Examples:
    items = windows.inputs[share.windows, : share.width]
    places, targets, weights = _ahead(share, windows, ahead)
    branches = extra.take(share.branches) if len(share.branches) else None
    others = None
    if draw is not None:
        users = windows.users[share.windows]
        others = draw(users[torch.cat([places // share.width, share.rows])])
    return Examples(
        items, windows.lengths[share.windows], places, targets, branches, share.rows, weights, others, share.share
    )  # fmt: skip


def _ahead(share: Batch, windows: Windows, ahead: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """Places, targets and weights (pairs,) of the next `ahead` items behind each place; a weight is 0 where the window
    ends before, so that no GPU's host has to count them. Weights are None for the next item alone."""
    following = windows.targets[share.windows, : share.width]
    if ahead == 1:
        return share.places, following.flatten()[share.places], None
    rows, columns = share.places // share.width, share.places % share.width
    columns = columns[:, None] + torch.arange(ahead, device=columns.device)
    targets = following[rows[:, None], columns.clamp(max=share.width - 1)]
    inside = columns < windows.lengths[share.windows][rows][:, None]
    branches = inside.new_ones(len(share.branches))
    weights = torch.cat([inside.flatten(), branches]).to(torch.get_default_dtype())
    return share.places.repeat_interleave(ahead), targets.flatten(), weights


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
