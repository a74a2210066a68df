"""From a pool to training sequences: share, confidence and round. And what stands beside them as controls."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.casr.candidates import candidate_sets
from methods.casr.pool import Pool
from methods.engine.data.branches import Branches
from methods.engine.data.split import Split
from methods.engine.data.windows import Windows

# users (s,), whole histories (s, length) filled up on the right, lengths (s,) -> next items (s,); NumPy or torch
TrueNext = Callable[[Tensor, Tensor, Tensor], Tensor]


def considered(pool: Pool, settings: Mapping) -> Tensor:
    """The pool's sequences of the round `rounds` and the share r, before anything is refused. A mask (pool,)."""
    for key, drawn in (("share", pool.share), ("rounds", pool.last_round)):
        if settings[key] > drawn:
            raise BadInput(f"CASR: {key} is {settings[key]}, but the pool was drawn up to {drawn}; draw a larger pool")
    if settings["index"] != pool.index:
        raise BadInput(f"CASR: index is {settings['index']}, but the pool was drawn for {pool.index}; draw another one")
    return (pool.rounds == settings["rounds"]) & (pool.priority < settings["share"])


def keeps(pool: Pool, settings: Mapping) -> Tensor:
    """Which sequences become training data, T_c: confidence above kappa; for D also another next item than before."""
    kept = considered(pool, settings) & (pool.confidence > settings["kappa"])
    return kept & pool.changed if pool.strategy == "d" else kept


def select(pool: Pool, settings: Mapping) -> Branches:
    """T_c, the sequences that the anchor is retrained on besides the observed ones. May be empty."""
    return pool.branches(keeps(pool, settings))


def control(
    selected: Branches, split: Split, windows: Windows, settings: Mapping, generator: torch.Generator
) -> Branches:
    """The matched control: for each selected sequence its observed sample, with a random item of C at the same index
    and the observed next item, so that no model's knowledge enters and the training is as long."""
    steps = selected.starts[:, None] + torch.arange(selected.items.shape[1])
    items = windows.inputs[selected.windows[:, None], steps]
    uniform = torch.rand(len(selected), generator=generator, dtype=torch.float64)
    items[:, 0] = candidate_sets(split, settings["candidates"]).draw(items[:, 0], uniform)
    return Branches(selected.windows, selected.starts, items, windows.targets[selected.windows, steps[:, -1]])


def noise(selected: Branches, catalogue: int, generator: torch.Generator) -> Branches:
    """The selected histories with next items drawn at random: what a sampler without any knowledge would give."""
    return replace(selected, labels=torch.randint(catalogue, selected.labels.shape, generator=generator))


def oracle(selected: Branches, windows: Windows, true_next: TrueNext) -> Branches:
    """The selected histories with the next items that the truth gives; for catalogue items, not for virtual ones."""
    if selected.shift is not None:
        raise ValueError("a virtual item has no true next item; take the sequences of H or D")
    return replace(selected, labels=true_labels(selected, windows, true_next))


def true_labels(sequences: Branches, windows: Windows, true_next: TrueNext) -> Tensor:
    """The true next item of each sequence, without its shift. The truth depends on whole histories, so a history that
    was cut into several windows is refused."""
    if len(torch.unique(windows.users)) < len(windows):
        raise BadInput(
            "CASR: the true next item needs whole histories, but some are longer than a window; set max_length to the "
            "longest history"
        )
    return torch.as_tensor(true_next(windows.users[sequences.windows], *histories(sequences, windows)))


def histories(sequences: Branches, windows: Windows) -> tuple[Tensor, Tensor]:
    """The item histories of the sequences, (samples, length) filled up on the right with 0, and their lengths.

    A history longer than a window begins with its window. A shift is left out.
    """
    depth = sequences.items.shape[1]
    lengths = sequences.starts + depth
    longest = int(lengths.max()) if len(sequences) else depth
    columns = torch.arange(longest)
    items = torch.zeros(len(sequences), longest, dtype=torch.int64)
    observed = windows.inputs[sequences.windows, :longest]
    items = torch.where(columns < sequences.starts[:, None], observed, items)
    return items.scatter_(1, sequences.starts[:, None] + torch.arange(depth), sequences.items), lengths
