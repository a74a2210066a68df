"""The value of one trial of a search: validation NDCG@5, and nothing of the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from methods.cards import load_card
from paper_tables.cell import Cell
from workflow.cells import augment, graph
from workflow.cells.files import built_on, weights_file
from workflow.cells.seeds import Job, retrained, say
from workflow.cells.settings import treatment_method
from workflow.cells.steps import TrainingData, load_weights, train
from workflow.scale import Scale


@dataclass(frozen=True)
class Search:
    """What all trials of a cell share. pools: sequences by the settings that they were generated with; trials that
    differ only in what they take from them draw them once."""

    scale: Scale
    cell: Cell
    data: TrainingData
    seed: int
    device: torch.device
    pools: dict = field(default_factory=dict)


def validation_value(search: Search, settings: Mapping[str, Mapping]) -> float:
    """settings: by role (anchor, treatment, sampler)."""
    if not search.cell.treatment:
        trained = train(search.cell.anchor, search.data, settings["anchor"], search.seed, search.device, say)
        return max(trained.fitted.curve, default=0.0)
    models = {"anchor": settings["anchor"], "sampler": settings["sampler"]}
    windows = augment.windows_of(search.data.split, models)
    extra = augment.chosen(
        _pool(search, settings, windows), search.data.split, windows, settings["treatment"], search.seed, False
    )
    if len(extra):
        job = Job(search.scale, search.cell, dict(settings), search.data, search.device)
        trained = retrained(job, search.seed, extra)
        return max(trained.fitted.curve, default=0.0)
    anchor = graph.pretrained(search.cell)[0]
    plain = built_on(anchor.folder(search.scale.results), search.seed, anchor.name)
    reading = "removed" if load_card(anchor.anchor).exclude_seen else "kept"
    return plain["metrics"]["validation"][reading]["ndcg@5"]


def _pool(search: Search, settings: Mapping[str, Mapping], windows: augment.Windows) -> augment.Pool:
    treatment = settings["treatment"]
    key = tuple(sorted((name, value) for name, value in treatment.items() if name not in graph.CHOOSING))
    if key not in search.pools:
        search.pools.clear()  # the trials' order is random: one pool in memory is enough to ask of a machine
        weights = {
            other.anchor: weights_file(other.folder(search.scale.results), search.seed)
            for other in graph.pretrained(search.cell)
        }
        cell, split = search.cell, search.data.split
        sampler, anchor = (
            load_weights(name, split, settings[role], weights[name], search.device)
            for role, name in (("sampler", cell.sampler), ("anchor", cell.anchor))
        )
        strategy = treatment_method(cell.treatment)[1]
        search.pools[key] = augment.generate(
            strategy, sampler, anchor, split, windows, treatment, search.seed, search.device, say
        )
    return search.pools[key]
