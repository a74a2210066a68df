"""Cells of agents: what a data set that is a world gives them, and what they got in it. The world needs no files: it is
made anew, by seeds."""

import importlib
import time
from collections.abc import Callable, Mapping
from functools import partial

import gymnasium
import pandas as pd
import torch

from datasets.pipeline.card import card
from datasets.pipeline.files import whole_file
from methods.engine.environment import Agent, play
from methods.engine.recommender import Run
from methods.engine.treatment import derived_seed
from methods.evaluation import episodes
from methods.evaluation.selection import Selection
from workflow.cells import graph
from workflow.cells.augment import own_seed
from workflow.cells.files import episodes_file, weights_file
from workflow.cells.seeds import Job, course, memory, say, write_weights
from workflow.cells.steps import Say, Trained, method_module

PARTS = ("validation", "test")
EPISODES = "episodes"  # the view


def acted(job: Job, seed: int) -> dict:
    """One seed of an agent: its episodes stand where a recommender has ranks."""
    cell, settings, own = job.cell, job.settings["anchor"], own_seed(job.cell, seed)
    trained = train_agent(cell.anchor, cell.dataset, settings, own, job.device, graph.selection(cell), say)
    begun = time.perf_counter()
    table, metrics = played(trained.model, cell.dataset, settings, own)
    seconds = time.perf_counter() - begun
    with whole_file(episodes_file(job.folder, seed)) as temporary:
        table.to_parquet(temporary, index=False)
    write_weights(trained.model, weights_file(job.folder, seed))
    return {"metrics": metrics, **course(trained, seconds), **memory(job.device)}


def world_of(dataset: str) -> Callable[[int], gymnasium.Env]:
    """What makes an environment of a seed."""
    about = card(dataset)
    module = importlib.import_module(f"datasets.{about.folder.name}.environment")
    return partial(module.make, dict(about.variant))


def train_agent(
    method: str, dataset: str, settings: Mapping, seed: int, device: torch.device, selection: str, say: Say
) -> Trained:
    """Fit an agent in its world. selection: the metric of validation episodes that may end the training."""
    begun = time.perf_counter()
    make, selects = world_of(dataset), Selection.of(selection)
    environment = make(derived_seed(seed, "training"))
    torch.manual_seed(seed)
    agent = method_module(method).build(environment.observation_space, environment.action_space, dict(settings))

    def validate(current: Agent) -> float:
        found = episodes.summary(play(current, make, seeds_of(seed, "validation", settings)))
        return selects.higher(found[selects.metric])

    fitted = method_module(method).fit(agent, environment, dict(settings), Run(seed, device, validate, say))
    return Trained(agent.to(device), fitted, time.perf_counter() - begun)


def seeds_of(seed: int, part: str, settings: Mapping) -> list[int]:
    """The seeds of the episodes that a part is: of none that the training or the other part has."""
    return [derived_seed(seed, part, str(number)) for number in range(settings[f"{part}_episodes"])]


def played(agent: Agent, dataset: str, settings: Mapping, seed: int) -> tuple[pd.DataFrame, dict]:
    """Every episode of validation and test, and their metrics by part and view. Called when training is over."""
    tables = {part: play(agent, world_of(dataset), seeds_of(seed, part, settings)) for part in PARTS}
    metrics = {part: {EPISODES: episodes.summary(table)} for part, table in tables.items()}
    return pd.concat([table.assign(part=part) for part, table in tables.items()], ignore_index=True), metrics
