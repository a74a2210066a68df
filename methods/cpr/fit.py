"""Learning the simulator from lists, and then its exogenous variables from the same lists."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from datasets.pipeline.lists import Blocks
from methods.cpr.posterior import Gaussian, fit_posterior
from methods.cpr.settings import check
from methods.cpr.simulator import ListBatch, Simulator, choice_loss, exposure_loss, on_device
from methods.engine.data.interactions import holdings
from methods.engine.data.ragged import sent
from methods.engine.data.sampling import Negatives
from methods.engine.fit.adam import Adam


@dataclass(frozen=True)
class World:
    """A learnt simulator with the posteriors of alpha (catalogue,) and beta (length,), and how their ELBOs went."""

    simulator: Simulator
    alpha: Gaussian
    beta: Gaussian
    curves: Mapping[str, list[float]]

    def to(self, device: torch.device) -> "World":
        """A copy there: a module would move itself, and leave this world on two devices."""
        return World(deepcopy(self.simulator).to(device), self.alpha.to(device), self.beta.to(device), self.curves)


def fit_world(
    blocks: Blocks,
    users: int,
    catalogue: int,
    settings: Mapping,
    seed: int,
    device: torch.device,
    progress: Callable[[str], None] = lambda message: None,
) -> World:
    """Eqs. 6 and 7, then eqs. 8 and 9. blocks: training lists of settings["length"] places, held-out choices taken out
    (datasets.pipeline.lists.without). Equal seeds give equal bits on a CPU."""
    check(settings)
    if blocks.items.shape[1:] != (settings["length"],):
        raise BadInput(f"CPR: lists of {blocks.items.shape[1]} places, but its setting length is {settings['length']}")
    torch.manual_seed(seed)  # the first weights
    simulator = Simulator(users, catalogue, settings).to(device)
    generator = torch.Generator().manual_seed(seed)  # all else, alike on every device
    train(simulator, blocks, settings, generator, device, progress)
    lists = on_device(blocks, device)
    found = {
        "alpha": posterior(simulator.exposure, lists, catalogue, settings, generator),
        "beta": posterior(simulator.choice, lists, settings["length"], settings, generator),
    }
    curves = {name: curve for name, (_, curve) in found.items()}
    return World(simulator, found["alpha"][0], found["beta"][0], curves)


def train(
    simulator: Simulator,
    blocks: Blocks,
    settings: Mapping,
    generator: torch.Generator,
    device: torch.device,
    progress: Callable[[str], None] = lambda message: None,
) -> None:
    """Both losses with Adam, over batches of lists; alpha and beta are drawn from the prior `draws` times a batch, and
    the loss is the mean over the draws."""
    lists = on_device(blocks, device)
    catalogue, length = len(simulator.exposure.weight), blocks.items.shape[1]
    row, column = (torch.from_numpy(each) for each in blocks.shown.nonzero())
    on_list = holdings(row, torch.from_numpy(blocks.items)[row, column], len(blocks), catalogue)
    negatives = Negatives(on_list, catalogue)
    optimizer = Adam(simulator.parameters(), settings["learning_rate"], settings["regularisation"])

    def draws(index: Tensor) -> tuple[Tensor, ...]:
        """Of a batch, on the CPU: its lists, items that are not on them, alpha, beta."""
        others = negatives.draw(index, length * settings["negatives"], generator)
        noise = (torch.randn(settings["draws"], size, generator=generator) for size in (catalogue, length))
        return index, others, *noise

    for epoch in range(settings["epochs"]):
        total = torch.zeros(2, device=device)
        batches = [draws(index) for index in torch.randperm(len(blocks), generator=generator).split(settings["batch"])]
        parts = (sent(torch.cat(each), [len(part) for part in each], device) for each in zip(*batches, strict=True))
        for index, others, alpha, beta in zip(*parts, strict=True):
            batch = lists.take(index)
            losses = torch.stack(
                [exposure_loss(simulator.exposure, batch, others, alpha), choice_loss(simulator.choice, batch, beta)]
            )
            optimizer.step(losses.sum())
            total += losses.detach() * len(index)
        if not torch.isfinite(total).all():
            raise FloatingPointError(f"CPR's simulator diverged in epoch {epoch + 1}; lower its learning_rate")
        shown_loss, chosen_loss = (total / len(blocks)).tolist()
        progress(f"simulator, epoch {epoch + 1}: exposure {shown_loss:.4f}, choice {chosen_loss:.4f}")


def posterior(
    model, lists: ListBatch, dim: int, settings: Mapping, generator: torch.Generator
) -> tuple[Gaussian, list[float]]:
    """q of one exogenous vector, given the learnt model. Of many lists each step sees a random part, scaled up."""
    part = min(len(lists), settings["posterior_batch"])
    whole = model.given(lists) if part == len(lists) else None

    def log_likelihood(values: Tensor, generator: torch.Generator) -> Tensor:
        if whole is not None:
            return whole(values)
        index = torch.randint(len(lists), (part,), generator=generator).to(values.device)
        return model.given(lists.take(index))(values) * (len(lists) / part)

    model.requires_grad_(False)
    try:
        return fit_posterior(
            log_likelihood,
            dim,
            settings["posterior_steps"],
            settings["posterior_draws"],
            settings["posterior_learning_rate"],
            generator,
            lists.users.device,
        )
    finally:
        model.requires_grad_(True)
