"""The process of this project's side: what is timed is the engine as cells use it, beside its floors."""

import time
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

import torch

from datasets.pipeline.card import card
from datasets.pipeline.fetch import fetch
from datasets.pipeline.prepare import prepare as prepare_data
from methods.casr import perturbation
from methods.casr.candidates import candidate_sets
from methods.casr.drawing import draw_pool
from methods.casr.pool import Pool
from methods.casr.prefixes import frozen
from methods.engine.data.branches import Branches
from methods.engine.data.windows import cut_windows
from methods.engine.fit import training
from methods.evaluation.ranking import rank
from workflow.benchmark import literal
from workflow.benchmark.data import offline
from workflow.benchmark.floors import bare, rank_product, search_products, softmax_products
from workflow.benchmark.protocol import Action, serve
from workflow.benchmark.states import difference, redraw
from workflow.benchmark.world import World, device_memory
from workflow.cells import steps


def train(job: dict) -> dict[str, Action]:
    """Training, the bare products of its softmax, whole fits for their accuracy, and several seeds after another."""
    world = World(job)

    def epoch() -> dict:
        return {"seconds": world.epoch(world.model), "work": world.pairs, **device_memory(world.device)}

    @cache
    def extra() -> Branches:
        return one_for_each_pair(world)

    def augmented() -> dict:
        seconds, work = world.epoch(world.model, extra=extra()), world.pairs + len(extra())
        return {"seconds": seconds, "work": work, **device_memory(world.device)}

    def fit(seed: int, epochs: int) -> dict:
        settings = {**world.settings, "epochs": epochs, "patience": epochs}
        seconds, trained = world.timed(
            lambda: steps.train(job["method"], world.data, settings, seed, world.device, "ndcg@5", lambda message: None)
        )
        ranks = steps.final_ranks(trained.model, world.data, Path(job["split"]) / "test.csv", world.device)
        return {"seconds": seconds, "work": 1, "ndcg": steps.metrics(ranks["test"])["kept"]["ndcg@5"]}

    def expanded(seed: int, epochs: int) -> dict:
        with patch.object(training, "cut_windows", literal.row_for_each_target):
            return fit(seed, epochs)

    def started(seed: int, epochs: int) -> dict:
        build = steps.build
        with patch.object(steps, "build", lambda method, *about: redraw(build(method, *about), method)):
            return fit(seed, epochs)

    def seeds(count: int, epochs: int) -> dict:
        done = [fit(seed, epochs) for seed in range(1, count + 1)]
        return {"seconds": sum(each["seconds"] for each in done), "work": 1}

    def states(file: str) -> dict:
        seconds, found = world.timed(lambda: difference(world.model, job["method"], Path(file)))
        return {"seconds": seconds, "work": 1, "difference": found}

    products = bare(world, partial(softmax_products, world), world.pairs)
    fits = {"fit": fit, "expanded": expanded, "started": started, "seeds": seeds}
    return {"epoch": epoch, "augmented": augmented, "products": products, "states": states, **fits}


def one_for_each_pair(world: World) -> Branches:
    """A counterfactual sequence for each pair of prefix and next item: its two last items and the next one are any."""
    windows, numbers = cut_windows(world.data.split, world.settings["max_length"]), torch.Generator().manual_seed(1)
    window, position = windows.samples
    items = torch.randint(world.data.split.catalogue, (len(window), 3), generator=numbers)
    return Branches(window, (position - 1).clamp(min=0), items[:, :2], items[:, 2])


def ranking(job: dict) -> dict[str, Action]:
    """Ranking the validation targets over all items, and the bare product of as many states with all items."""
    world = World(job)
    users = world.data.validation.users

    def ranks() -> dict:
        seconds, _ = world.timed(lambda: rank(world.model, world.data.split, world.data.validation, world.device))
        return {"seconds": seconds, "work": len(users)}

    return {"rank": ranks, "product": bare(world, partial(rank_product, world), len(users))}


def search(job: dict) -> dict[str, Action]:
    """CASR's search over a share of all samples, sample by sample over a few of them, the bare products of its softmax,
    and an epoch of the sampler.

    Further keys of the job: strategy, treatment (settings of CASR), anchor (a method), pretrain (epochs).
    """
    world = World(job)
    split, anchor = world.data.split, world.build(job["anchor"])
    windows, settings = cut_windows(split, world.settings["max_length"]), job["treatment"]
    for _ in range(job["pretrain"]):
        world.epoch(world.model)
        world.epoch(anchor, job["anchor"])
    candidates = candidate_sets(split, settings["candidates"]).to(world.device)

    def batched() -> Pool:
        generator = torch.Generator().manual_seed(world.seed)
        return draw_pool(job["strategy"], world.model, anchor, split, windows, settings, generator, world.device)

    @cache
    def samples(count: int) -> list[tuple[torch.Tensor, int, torch.Tensor]]:
        drawn = batched()
        chosen = torch.randperm(len(drawn), generator=torch.Generator().manual_seed(world.seed))[:count]
        found = literal.samples_of(drawn, windows, chosen)
        return [(history.to(world.device), place, label.to(world.device)) for history, place, label in found]

    def pool() -> dict:
        seconds, drawn = world.timed(batched)
        return {"seconds": seconds, "work": len(drawn)}

    def one_by_one(count: int) -> dict:
        given = samples(count)

        def every_sample() -> None:
            with frozen(world.model, anchor):
                for history, place, label in given:
                    if job["strategy"] == "d":
                        literal.data_oriented(world.model, candidates, history, place, label, settings)
                    else:
                        literal.model_oriented(world.model, anchor, history, place, settings)

        return {"seconds": world.timed(every_sample)[0], "work": len(given)}

    @cache
    def floor() -> tuple[Action, int]:
        """The products of all gradients that a search takes, early exits left out, and how many samples it draws."""
        gradients, evaluated = [], perturbation.evaluated

        def counted(losses: perturbation.Losses, delta: torch.Tensor, rows: torch.Tensor) -> tuple:
            gradients.append(len(rows))
            return evaluated(losses, delta, rows)

        with patch.object(perturbation, "evaluated", counted):
            drawn = batched()
        models = [world.model, anchor] if job["strategy"] == "m" else [world.model]
        tables = [model.item_embedding.weight.detach() for model in models]
        return bare(world, partial(search_products, world, tables), sum(gradients)), len(drawn)

    def products() -> dict:
        multiply, drawn = floor()
        return multiply() | {"work": drawn}

    def epoch() -> dict:
        return {"seconds": world.epoch(world.model), "work": 1}

    def whole_pass() -> dict:
        return {"seconds": world.timed(batched)[0], "work": settings["share"]}

    return {"pool": pool, "one_by_one": one_by_one, "products": products, "epoch": epoch, "pass": whole_pass}


def data(job: dict) -> dict[str, Action]:
    """Preparing a data set from raw files that lie in the folder `raw`; results go below `folder`."""
    described, folder = offline(card(job["dataset"])), Path(job["folder"])
    fetch(described, folder / "raw", Path(job["raw"]), accept_unverified=True)

    def prepared() -> dict:
        begun = time.perf_counter()
        prepare_data(described, folder, folder / "raw")
        return {"seconds": time.perf_counter() - begun, "work": 1}

    return {"prepare": prepared}


TASKS = {"train": train, "ranking": ranking, "search": search, "data": data}


def start(job: dict) -> dict[str, Action]:
    return TASKS[job["task"]](job)


if __name__ == "__main__":
    serve(start)
