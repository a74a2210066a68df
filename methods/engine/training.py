"""Next-item training: every prefix of a window in one pass, extra counterfactual sequences branching off it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial

import torch
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.adam import Adam
from methods.engine.batches import Batch, Batches
from methods.engine.branches import Branches
from methods.engine.cores import cores, over_cores
from methods.engine.dropout import drawing_from
from methods.engine.early_stopping import EarlyStopping
from methods.engine.lookup import Lookup
from methods.engine.losses import sampled_loss, softmax_loss
from methods.engine.recommender import Fitted, Run, SequentialRecommender
from methods.engine.split import Split
from methods.engine.windows import Windows, cut_windows

OBJECTIVES = ("softmax", "sampled")
MOST_CORES = 1 << 16  # keeps the shares' random numbers apart between seeds


def fit_next_item(
    model: SequentialRecommender, split: Split, settings: dict, run: Run, extra: Branches | None = None
) -> Fitted:
    """Train `model` on all pairs 'prefix to next item' of the split, and on the `extra` sequences.

    A batch is a set of windows that hold about `settings["batch"]` observed pairs, with all extra sequences that
    branch off them; every pair and every extra sequence weighs the same. Stops early on validation NDCG@5, the best
    epoch's weights stay. Settings: learning_rate, batch, epochs, patience, max_length, objective, weight_decay.
    """
    if settings["objective"] not in OBJECTIVES:
        raise BadInput(f"objective '{settings['objective']}' is unknown; use one of {', '.join(OBJECTIVES)}")
    torch.manual_seed(run.seed)  # weights a model draws late, dropout on a GPU
    model.to(run.device)
    generator = torch.Generator().manual_seed(run.seed)  # batches, alike on every device
    windows = cut_windows(split, settings["max_length"])
    shares = cores(run.device)
    if shares > 1 and _draws_from_all(model, windows):
        shares = 1
    batches = Batches(windows, extra, settings["batch"], shares, run.device)
    windows, extra = _to(windows, run.device), None if extra is None else _to(extra, run.device)
    optimizer = Adam(model.parameters(), settings["learning_rate"], settings["weight_decay"])
    # on a GPU of its own: the sampled objective's items differ there from a CPU's, as dropout does
    chances = [torch.Generator(run.device).manual_seed(run.seed * MOST_CORES + share) for share in range(shares)]

    def gradients_of(batch: Batch, count: int) -> "_Gradients":
        """Of the summed loss of a batch, divided by `count`."""
        lookup, chance = Lookup(model.item_embedding), chances[batch.share]
        with drawing_from(chance):
            states, targets = _states_and_targets(model, windows, batch, extra, lookup)
            if settings["objective"] == "softmax":
                loss = softmax_loss(model, states, targets, count)
            else:
                loss = sampled_loss(model, states, targets, settings["negatives"], chance) / count
        found = torch.autograd.grad(loss, [*optimizer.parameters, *lookup.rows], materialize_grads=True)
        own = len(optimizer.parameters)
        return _Gradients(found[:own], lookup, found[own:], loss.detach())

    stopper = EarlyStopping(settings["patience"], settings["epochs"])
    for _ in stopper:
        model.train()
        total, targets = torch.zeros((), device=run.device), 0
        for batch in batches.epoch(generator):
            count = sum(len(share) for share in batch)
            parts = over_cores(partial(gradients_of, count=count), batch, run.device)
            optimizer.move(_sum(parts, optimizer.parameters, model.item_embedding))
            total, targets = total + count * sum(part.loss for part in parts), targets + count
        stopper.close_epoch(total / targets, model, run)
    return stopper.finish(model)


@dataclass(frozen=True)
class _Gradients:
    """Of a share's loss: by each parameter, but what was looked up in the table of items; and by that."""

    by_parameters: tuple[Tensor, ...]
    lookup: Lookup
    by_rows: tuple[Tensor, ...]
    loss: Tensor


def _states_and_targets(
    model: SequentialRecommender, windows: Windows, batch: Batch, extra: Branches | None, lookup: Lookup
) -> tuple[Tensor, Tensor]:
    """States and next items of a batch, the extra sequences behind the observed pairs."""
    items = windows.inputs[batch.windows, : batch.width]
    targets = windows.targets[batch.windows, : batch.width].flatten()[batch.places]
    if not len(batch.branches):
        return model.states_at(lookup, items, windows.lengths[batch.windows], batch.places), targets
    trunk, branches = model.encode(lookup(items)), extra.take(batch.branches)
    branched = model.branch(trunk, batch.rows, branches.starts, branches.vectors(lookup))
    states = trunk.states.flatten(0, 1)[batch.places]
    return torch.cat([states, branched]), torch.cat([targets, branches.labels])


def _sum(parts: Sequence[_Gradients], parameters: Sequence[Tensor], table: nn.Embedding) -> Sequence[Tensor]:
    """The gradient of the loss of all shares, by each parameter. What autograd gave is left as it is: it may be
    one tensor for two parameters."""
    first, *others = (part.by_parameters for part in parts)
    if others:
        total = torch._foreach_add(first, others[0])
        for other in others[1:]:
            torch._foreach_add_(total, other)
    else:
        total = torch._foreach_mul(first, 1)
    of_table = next(own for own, parameter in zip(total, parameters, strict=True) if parameter is table.weight)
    for part in parts:
        part.lookup.add(part.by_rows, of_table)
    return total


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
