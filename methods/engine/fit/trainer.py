"""Steps of next-item training, one after another: on the batches of an epoch, or on sequences of one's own.

All that a step changes is the trainer's: the model, the optimiser, the random generators. So `copy.deepcopy(trainer)`
goes on as the trainer itself would, and whatever is done with the copy leaves no trace in the trainer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.data.branches import Branches
from methods.engine.data.windows import Windows
from methods.engine.fit.adam import Adam
from methods.engine.fit.losses import TERMS, sampled_loss, softmax_loss
from methods.engine.layers.cores import over_cores
from methods.engine.layers.dropout import drawing_from
from methods.engine.layers.lookup import Lookup
from methods.engine.recommender import SequentialRecommender

OBJECTIVES = ("softmax", *TERMS)
MOST_CORES = 1 << 16  # keeps the shares' random numbers apart between seeds


@dataclass(frozen=True)
class Examples:
    """Histories, and what is trained in them: what one core, or a GPU, works on in a step. All on the device.

    items (rows, width), filled up on the right with 0; lengths (rows,). places (pairs,): the trained positions in
    (rows, width), ascending; targets (pairs,): the item that follows each. branches: extra sequences, each of which
    branches off the row in rows (branches,); their losses stand behind those of the pairs.

    weights (pairs + branches,): of each loss, or None where all weigh 1. others (pairs + branches, negatives): the
    negatives of a sampled objective, or None where the trainer draws them. share: the number of the core.
    """

    items: Tensor
    lengths: Tensor
    places: Tensor
    targets: Tensor
    branches: Branches | None = None
    rows: Tensor | None = None
    weights: Tensor | None = None
    others: Tensor | None = None
    share: int = 0

    def __len__(self) -> int:
        return len(self.targets) + (0 if self.branches is None else len(self.branches))


def examples_of(windows: Windows, chosen: Tensor | None = None) -> Examples:
    """Every trained pair of the windows, or of those that are `chosen` (rows,)."""
    rows = torch.arange(len(windows), device=windows.inputs.device) if chosen is None else chosen
    lengths = windows.lengths[rows]
    width = int(lengths.max()) if len(rows) else 0
    places = torch.nonzero(windows.counts[rows, :width].flatten())[:, 0]
    targets = windows.targets[rows, :width].flatten()[places]
    return Examples(windows.inputs[rows, :width], lengths, places, targets)


class Trainer:
    """settings: learning_rate, weight_decay, objective, and `negatives` for the sampled ones. shares: how many parts of
    a step may be worked on at once, each with random numbers of its own."""

    def __init__(
        self, model: SequentialRecommender, settings: Mapping, seed: int, device: torch.device, shares: int = 1
    ) -> None:
        if settings["objective"] not in OBJECTIVES:
            raise BadInput(f"objective '{settings['objective']}' is unknown; use one of {', '.join(OBJECTIVES)}")
        torch.manual_seed(seed)  # dropout on a GPU
        self.model, self.device, self.settings = model.to(device), device, dict(settings)
        self.optimizer = Adam(model.parameters(), settings["learning_rate"], settings["weight_decay"])
        # on a GPU of its own: the sampled objective's items differ there from a CPU's, as dropout does
        self.chances = [torch.Generator(device).manual_seed(seed * MOST_CORES + share) for share in range(shares)]
        self._global = _global_state(device)

    def step(self, batch: Sequence[Examples]) -> Tensor:
        """Move the model once against the mean of the losses of all shares of a batch, each by its weight. Gives that
        mean."""
        self.model.train()
        count = sum(map(len, batch))
        with self._own_global_generator():
            parts = over_cores(partial(self._gradients_of, count=count), batch, self.device)
        self.optimizer.move(_sum(parts, self.optimizer.parameters, self.model.item_embedding))
        return sum(part.loss for part in parts)

    def _gradients_of(self, share: Examples, count: int) -> "_Gradients":
        """Of the summed loss of a share, divided by `count`."""
        lookup, chance = Lookup(self.model.item_embedding), self.chances[share.share]
        with drawing_from(chance):
            states, targets = _states_and_targets(self.model, share, lookup)
            if self.settings["objective"] == "softmax":
                loss = softmax_loss(self.model, states, targets, count, share.weights)
            else:
                others = self.settings["negatives"] if share.others is None else share.others
                given = self.model, states, targets, others, chance, share.weights, self.settings["objective"]
                loss = sampled_loss(*given) / count
        found = torch.autograd.grad(loss, [*self.optimizer.parameters, *lookup.rows], materialize_grads=True)
        own = len(self.optimizer.parameters)
        return _Gradients(found[:own], lookup, found[own:], loss.detach())

    @contextmanager
    def _own_global_generator(self) -> Iterator[None]:
        """Torch's global generator, from which some models draw, stands in a step where this trainer's last left it."""
        before = _global_state(self.device)
        _set_global_state(self._global, self.device)
        try:
            yield
        finally:
            self._global = _global_state(self.device)
            _set_global_state(before, self.device)


@dataclass(frozen=True)
class _Gradients:
    """Of a share's loss: by each parameter, but what was looked up in the table of items; and by that."""

    by_parameters: tuple[Tensor, ...]
    lookup: Lookup
    by_rows: tuple[Tensor, ...]
    loss: Tensor


def _states_and_targets(model: SequentialRecommender, share: Examples, lookup: Lookup) -> tuple[Tensor, Tensor]:
    """States and next items of a share, the extra sequences behind the observed pairs."""
    if not share.branches:
        return model.states_at(lookup, share.items, share.lengths, share.places), share.targets
    trunk, branches = model.encode(lookup(share.items)), share.branches
    branched = model.branch(trunk, share.rows, branches.starts, branches.vectors(lookup))
    states = trunk.states.flatten(0, 1)[share.places]
    return torch.cat([states, branched]), torch.cat([share.targets, branches.labels])


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


def _global_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_global_state(state: Tensor, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
