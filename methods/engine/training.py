"""Next-item training: every prefix of a window in one pass, extra counterfactual sequences branching off it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.adam import Adam
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
    windows = _to(cut_windows(split, settings["max_length"]), run.device)
    extra = None if extra is None or not len(extra) else _Grouped(_branches_to(extra, run.device), len(windows))
    optimizer = Adam(model.parameters(), settings["learning_rate"], settings["weight_decay"])
    shares = cores(run.device)
    if shares > 1 and _draws_from_all(model, windows):
        shares = 1
    chances = [torch.Generator().manual_seed(run.seed * MOST_CORES + share) for share in range(shares)]

    def gradients_of(share: tuple[Tensor, torch.Generator], count: int) -> "_Gradients":
        """Of the summed loss of some windows, divided by `count`."""
        batch, chance = share
        lookup = Lookup(model.item_embedding)
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
        for batch in _batches(windows, settings["batch"], generator):
            count = int(windows.counts[batch].sum()) + (0 if extra is None else int(extra.counts[batch].sum()))
            parts = over_cores(partial(gradients_of, count=count), _shares(windows, batch, chances), run.device)
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
    model: SequentialRecommender, windows: Windows, batch: Tensor, extra: "_Grouped | None", lookup: Lookup
) -> tuple[Tensor, Tensor]:
    """States and next items of a batch of windows, the extra sequences behind the observed pairs."""
    lengths = windows.lengths[batch]
    width = int(lengths.max())
    items, counts = windows.inputs[batch, :width], windows.counts[batch, :width]
    targets = windows.targets[batch, :width][counts]
    if extra is None:
        return model.states_at(lookup, items, lengths, counts), targets
    trunk = model.encode(lookup(items))
    states = trunk.states[counts]
    branches, rows = extra.of(batch)
    if not len(branches):
        return states, targets
    vectors = branches.vectors(lookup)
    branched = model.branch(trunk, rows, branches.starts, vectors)
    return torch.cat([states, branched]), torch.cat([targets, branches.labels])


def _shares(windows: Windows, batch: Tensor, chances: list[torch.Generator]) -> list[tuple[Tensor, torch.Generator]]:
    """A batch of windows in a part for each generator, which hold about as many pairs."""
    if len(chances) == 1:
        return [(batch, chances[0])]
    pairs = windows.counts[batch].sum(1)
    middle = pairs.cumsum(0) - pairs / 2  # a window belongs to the part in which its middle lies
    parts = torch.tensor_split(
        batch, torch.searchsorted(middle, pairs.sum() * torch.arange(1, len(chances)) / len(chances))
    )
    return [(part, chance) for part, chance in zip(parts, chances, strict=True) if len(part)]


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
        model.states_at(model.item_embedding, items, windows.lengths[:2], windows.counts[:2])
    changed = not torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(before)
    return changed


def _batches(windows: Windows, size: int, generator: torch.Generator) -> list[Tensor]:
    """Windows in random order, cut where the number of observed pairs reaches `size`.

    Windows of like length stand together, so that little padding is computed: sorted inside random blocks, upwards and
    downwards in turn, because a batch may reach from one block into the next.
    """
    lengths = windows.lengths.cpu()
    order = torch.randperm(len(lengths), generator=generator)
    block = torch.arange(len(lengths)) // max(1, 16 * size // max(1, int(lengths.float().mean())))
    rising = torch.where(block % 2 == 0, lengths[order], -lengths[order])
    order = order[torch.argsort(2 * block * (int(lengths.max()) + 1) + rising, stable=True)]
    pairs = windows.counts.sum(1).cpu()[order].cumsum(0)
    cut = torch.nonzero(torch.diff((pairs - 1) // size)).flatten() + 1
    batches = torch.tensor_split(order, cut)
    shuffled = torch.randperm(len(batches), generator=generator)
    return [batches[i].to(windows.inputs.device) for i in shuffled]


class _Grouped:
    """Extra sequences sorted by window, so that those of a batch of windows are found without a search."""

    def __init__(self, branches: Branches, windows: int) -> None:
        self.branches = branches.take(torch.argsort(branches.windows, stable=True))
        counts = torch.bincount(self.branches.windows, minlength=windows)
        self.counts, self.first = counts, counts.cumsum(0) - counts

    def of(self, batch: Tensor) -> tuple[Branches, Tensor]:
        """The branches of the windows in `batch`, and for each its row in the batch."""
        counts = self.counts[batch]
        rows = torch.repeat_interleave(torch.arange(len(batch), device=batch.device), counts)
        inside = torch.arange(len(rows), device=batch.device) - (counts.cumsum(0) - counts)[rows]
        return self.branches.take(self.first[batch][rows] + inside), rows


def _to(windows: Windows, device: torch.device) -> Windows:
    return Windows(*(getattr(windows, name).to(device) for name in Windows.__dataclass_fields__))


def _branches_to(branches: Branches, device: torch.device) -> Branches:
    fields = (getattr(branches, name) for name in Branches.__dataclass_fields__)
    return Branches(*(None if value is None else value.to(device) for value in fields))
