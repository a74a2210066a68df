"""What the actions of one process of this project's side share: data, settings, a model, and how they are timed."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from methods.engine.data.branches import Branches
from methods.engine.recommender import Recommender, Run
from workflow.cells import steps


class World:
    """job: split (folder), method, settings, threads, seed, and more."""

    def __init__(self, job: dict) -> None:
        self.job = job
        self.device = steps.prepare_torch(job["threads"])
        self.data = steps.load_training_data(Path(job["split"]))
        self.settings = dict(job["settings"])
        self.seed = job.get("seed", 1)
        self.model = self.build(job["method"])
        self.turns = 0

    def build(self, method: str) -> Recommender:
        return steps.build(method, self.data.split, self.settings, self.seed).to(self.device)

    @property
    def pairs(self) -> int:
        """Pairs of prefix and next item in an epoch."""
        return int((self.data.split.lengths - 1).clamp(min=0).sum())

    def timed(self, do: Callable[[], object]) -> tuple[float, object]:
        synchronise(self.device)
        begun = time.perf_counter()
        result = do()
        synchronise(self.device)
        return time.perf_counter() - begun, result

    def epoch(self, model: Recommender, method: str = "", extra: Branches | None = None) -> float:
        """Seconds of one epoch as `fit` does it, from its call until it would validate."""
        self.turns += 1
        ended = []

        def validate(_: Recommender) -> float:
            synchronise(self.device)
            ended.append(time.perf_counter())
            return 0.0

        settings = {**self.settings, "epochs": 1, "patience": 1}
        run = Run(self.seed + self.turns, self.device, validate)
        synchronise(self.device)
        added = {} if extra is None else {"extra": extra}
        begun = time.perf_counter()
        steps.method_module(method or self.job["method"]).fit(model, self.data.split, settings, run, **added)
        return ended[0] - begun


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_memory(device: torch.device) -> dict[str, float]:
    """What a GPU's allocator held at most; nothing on a CPU, where the process tells."""
    if device.type != "cuda":
        return {}
    return {"device_memory_mb": round(torch.cuda.max_memory_allocated(device) / (1 << 20), 1)}
