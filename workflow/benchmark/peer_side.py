"""The process of the peer's side: RecBole 1.2.1 with its own loaders, trainer and evaluation, in its environment.

Data, sizes, objective, length, batch and threads are the job's.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed

from workflow.benchmark.peer_inputs import MODELS, evaluated_at_once, settings_of, write_atomic
from workflow.benchmark.protocol import Action, serve

_load = torch.load


def _load_whole(*arguments, **options):
    """RecBole's checkpoints hold more than tensors; they are its own files, written by this process."""
    return _load(*arguments, **{**options, "weights_only": False})


class Limited:
    """A loader that ends after so many seconds, and counts what it gave."""

    def __init__(self, loader, seconds: float) -> None:
        self.loader, self.seconds, self.given = loader, seconds, 0

    def __iter__(self):
        end = time.perf_counter() + self.seconds
        for batch in self.loader:
            self.given += len(batch)
            yield batch
            if time.perf_counter() > end:
                return

    def __len__(self) -> int:
        return len(self.loader)

    def __getattr__(self, name: str):
        return getattr(self.loader, name)


def start(job: dict) -> dict[str, Action]:
    torch.load = _load_whole
    del sys.argv[1:]  # RecBole would read them as settings
    torch.set_num_threads(job["threads"])
    folder = Path(tempfile.mkdtemp(prefix="peer-", dir=job["folder"]))
    (folder / "data").mkdir()
    write_atomic(Path(job["split"]), folder / "data")
    os.chdir(folder)  # RecBole leaves logs and checkpoints where it runs
    settings = job["settings"]
    config = Config(
        model=MODELS[job["method"]],
        dataset="data",
        config_dict={
            "data_path": str(folder),
            "checkpoint_dir": str(folder),
            "gpu_id": "" if job["device"] == "cpu" else os.environ.get("CUDA_VISIBLE_DEVICES", "0"),
            "worker": 0,
            "seed": job["seed"],
            "reproducibility": True,
            "show_progress": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id"]},
            "train_batch_size": settings["batch"],
            "eval_batch_size": evaluated_at_once(job["method"], settings, Path(job["split"])),
            "learning_rate": settings["learning_rate"],
            "eval_args": {
                "split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"
            },
            "metrics": ["NDCG"],
            "topk": [5],
            "valid_metric": "NDCG@5",
            "metric_decimal_place": 6,
            **settings_of(job["method"], settings),
        },
    )  # fmt: skip
    dataset = create_dataset(config)
    loaders = dict(zip(("train", "validation", "test"), data_preparation(config, dataset), strict=True))

    def fresh(seed: int):
        init_seed(seed, True)
        model = get_model(config["model"])(config, loaders["train"].dataset).to(config["device"])
        trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
        trainer.eval_collector.data_collect(loaders["train"])
        return trainer

    trainer = fresh(job["seed"])

    def evaluated(current, part: str) -> float:
        return current.evaluate(loaders[part], load_best_model=False, show_progress=False)["ndcg@5"]

    def epoch(seconds: float) -> dict:
        loader = Limited(loaders["train"], seconds)
        spent, _ = timed(lambda: trainer._train_epoch(loader, 0, show_progress=False))
        return {"seconds": spent, "work": loader.given, **device_memory()}

    def rank() -> dict:
        spent, _ = timed(lambda: evaluated(trainer, "validation"))
        return {"seconds": spent, "work": len(loaders["validation"].dataset)}

    def fit(seed: int, epochs: int) -> dict:
        current, best, weights = fresh(seed), -1.0, None
        begun = time.perf_counter()
        for number in range(epochs):
            current._train_epoch(loaders["train"], number, show_progress=False)
            value = evaluated(current, "validation")
            if value > best:
                best = value
                weights = {name: tensor.clone() for name, tensor in current.model.state_dict().items()}
        seconds = time.perf_counter() - begun
        current.model.load_state_dict(weights)
        return {"seconds": seconds, "work": 1, "ndcg": float(evaluated(current, "test"))}

    def states(file: str, count: int = 256) -> dict:
        """States of random histories from random weights, and these weights, into a file (states.py)."""
        model, generator = trainer.model.eval(), torch.Generator().manual_seed(job["seed"])
        for parameter in model.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator).to(config["device"]) / 8
        model.item_embedding.weight.data[0] = 0  # the padding's
        length = settings["max_length"]
        lengths = torch.randint(1, length + 1, (count,), generator=generator)
        items = torch.randint(dataset.item_num - 1, (count, length), generator=generator)
        shown = torch.where(torch.arange(length) < lengths[:, None], items + 1, 0)  # RecBole's 0 is padding
        with torch.inference_mode():
            spent, found = timed(lambda: model(shown.to(config["device"]), lengths.to(config["device"])))
        weights = {name: value.cpu().numpy() for name, value in model.state_dict().items()}
        np.savez(file, items=items.numpy(), lengths=lengths.numpy(), states=found.cpu().numpy(), **weights)
        return {"seconds": spent, "work": count}

    return {"epoch": epoch, "rank": rank, "fit": fit, "states": states}


def timed(do: Callable[[], object]) -> tuple[float, object]:
    synchronise()
    begun = time.perf_counter()
    result = do()
    synchronise()
    return time.perf_counter() - begun, result


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_memory() -> dict[str, float]:
    if not torch.cuda.is_available():
        return {}
    return {"device_memory_mb": round(torch.cuda.max_memory_allocated() / (1 << 20), 1)}


if __name__ == "__main__":
    serve(start)
