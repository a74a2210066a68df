"""Training on sampled comparisons: the loop that BPR, FPMC and NAIS share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.engine.data.ragged import sent
from methods.engine.data.split import Split
from methods.engine.fit.adam import Adam
from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.fit.row_adam import RowAdam
from methods.engine.layers.kernels import arrays
from methods.engine.recommender import Fitted, Recommender, Run

Draw = Callable[[torch.Generator], tuple[Tensor, ...]]
Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class ByRows:
    """How a model whose parameters are tables trains on a CPU without a pass over whole tables for each batch.

    touched(*batch): the rows of each table that a batch reads, in the order of the model's parameters;
    add_gradients(*batch, *tables): adds the loss's gradient to the tables' own, and gives the loss: a kernel, which
    gets the batch as arrays.
    """

    touched: Callable[..., tuple[Tensor, ...]]
    add_gradients: Callable[..., float]


def fit_sampled(
    model: Recommender,
    draw: Draw,
    loss: Loss,
    settings: dict,
    run: Run,
    widths: Tensor | None = None,
    by_rows: ByRows | None = None,
) -> Fitted:
    """Train `model` with Adam; stop early on validation NDCG@5; the weights of the best epoch stay.

    draw(generator): the samples of one epoch on the CPU, tensors of one first dimension, alike on every device.
    loss(*batch): mean loss of a batch of them, on the run's device. widths (samples,): what a sample costs, where
    samples differ; batches then hold samples of like width, and `loss` gets the largest of them as a number behind the
    batch. by_rows: the same loss, for a CPU. Settings: learning_rate, batch, epochs, patience.
    """
    generator = torch.Generator().manual_seed(run.seed)
    model.to(run.device)
    optimizer, step = _stepper(model, loss, settings["learning_rate"], by_rows if run.device.type == "cpu" else None)
    stopper = EarlyStopping(settings["patience"], settings["epochs"])
    for _ in stopper:
        model.train()
        samples = tuple(tensor.to(run.device) for tensor in draw(generator))
        total, count = torch.zeros((), device=run.device), 0
        batches = _batches(len(samples[0]), settings["batch"], generator, widths)
        widest = [() if widths is None else (int(widths[index].max()),) for index in batches]
        sizes = [len(index) for index in batches]
        for index, most in zip(sent(torch.cat(batches), sizes, run.device), widest, strict=True):
            total += step(*(tensor[index] for tensor in samples), *most) * len(index)
            count += len(index)
        optimizer.settle()
        stopper.close_epoch(total / count, model, run)
    return stopper.finish(model)


def _stepper(model: Recommender, loss: Loss, learning_rate: float, by_rows: ByRows | None):
    """An optimiser of the model, and what makes one step of it on a batch and gives the batch's loss."""
    if by_rows is None:
        optimizer = Adam(model.parameters(), learning_rate)

        def step(*batch):
            value = loss(*batch)
            optimizer.step(value)
            return value.detach()
    else:
        optimizer = RowAdam(model.parameters(), learning_rate)

        def step(*batch):
            rows = by_rows.touched(*batch)
            optimizer.begin(rows)
            value = by_rows.add_gradients(*arrays(*batch), *optimizer.tables)
            optimizer.move(rows)
            return value

    return optimizer, step


def transitions(split: Split) -> tuple[Tensor, Tensor, Tensor]:
    """Every step of every history: users, items, and the items that follow them. Three tensors of shape (steps,)."""
    owners = split.owners
    inside = owners[1:] == owners[:-1]
    return owners[1:][inside], split.items[:-1][inside], split.items[1:][inside]


def _batches(count: int, size: int, generator: torch.Generator, widths: Tensor | None) -> list[Tensor]:
    """Positions 0..count-1 in random order, cut into batches of `size`.

    With `widths`, random blocks of 16 batches are sorted by width before they are cut, and the batches shuffled.
    """
    order = torch.randperm(count, generator=generator)
    if widths is None:
        return list(order.split(size))
    block = torch.arange(count) // (16 * size)
    batches = order[torch.argsort(block * (int(widths.max()) + 1) + widths[order], stable=True)].split(size)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator)]
