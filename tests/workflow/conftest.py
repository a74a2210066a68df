"""A small world to run cells in: a split, a scale, and the folder they lie in."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from datasets.pipeline.files import sha256, write_json
from workflow.cells import graph
from workflow.cells.pool import draw
from workflow.cells.pools import pool_of
from workflow.cells.run import run_cell
from workflow.scale import load_scale

USERS, ITEMS, SPLIT = 40, 15, "synthetic.loo"
SETTINGS = {
    "all": {
        "embedding": 8,
        "hidden": 8,
        "max_length": 8,
        "batch": 64,
        "epochs": 2,
        "patience": 2,
        "learning_rate": 0.01,
    },
    "casr": {"index": -1, "steps": 2, "retrain_epochs": 2, "retrain_patience": 2},
}
PAPER = {
    "datasets": {"synthetic": {"augmented": ["narm"]}},
    "baselines": [],
    "controls": ["popularity"],
    "anchors": ["narm", "stamp"],
    "samplers": ["stamp"],
    "combinations": {"synthetic": ["narm", "stamp"]},
    "figures": {
        "figure3": {"datasets": ["synthetic"], "shares": [0, 1.0]},
        "figure5": {"datasets": ["synthetic"], "kappas": [1.0]},
        "figure6": {"datasets": ["synthetic"], "indices": [-2]},
    },
}


def write_split(folder: Path, seed: int = 0, test_seed: int = 0) -> None:
    """Random histories that follow a rule by half, so that there is something to learn."""
    random, held_out = np.random.default_rng(seed), np.random.default_rng(test_seed)
    rows = []
    for user in range(USERS):
        item = random.integers(ITEMS)
        for _ in range(random.integers(3, 10)):
            rows.append((user, item))
            item = (item + 1) % ITEMS if random.random() < 0.6 else random.integers(ITEMS)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "train": rows,
        "validation": [(user, random.integers(ITEMS)) for user in range(USERS)],
        "test": [(user, held_out.integers(ITEMS)) for user in range(USERS)],
    }
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user, item in table))
    (folder / "items.csv").write_text("item,category\n" + "".join(f"{item},{item % 3}\n" for item in range(ITEMS)))
    digest = sha256(*(folder / f"{name}.csv" for name in ("train", "validation", "test", "items")))
    about = {"name": SPLIT, "dataset": "synthetic", "protocol": "loo", "order": "time", "users": USERS, "items": ITEMS}
    write_json(folder / "split.json", about | {"digest": digest, "data_digest": "", "verified": True})


class World:
    """A working folder with a scale `mini` and one split; cells run in this process."""

    paper, split, settings, part = "casr", SPLIT, SETTINGS, PAPER

    def __init__(self, folder: Path, test_seed: int = 0, **changes) -> None:
        self.folder = folder
        content = {"scale": "mini", "seeds": [1, 2], "settings": self.settings, "papers": {self.paper: self.part}}
        self.file = folder / "config" / "mini.yaml"
        self.file.parent.mkdir(parents=True)
        self.file.write_text(yaml.safe_dump(content | changes))
        self.write(test_seed)

    def write(self, test_seed: int) -> None:
        write_split(self.splits, test_seed=test_seed)

    @property
    def scale(self):
        return load_scale(self.file)

    @property
    def splits(self) -> Path:
        return self.folder / "results" / "mini" / "splits" / self.split

    def cell(self, name: str):
        return graph.find_cell(self.scale, f"{self.paper}/{self.split}/{name}")

    def path(self, name: str) -> Path:
        return self.folder / self.cell(name).folder(self.scale.results)

    def pool(self, name: str):
        return pool_of(self.scale, self.cell(name))

    def drawn(self, name: str, seed: int) -> dict[str, torch.Tensor]:
        """What the pool of a cell holds."""
        return load_file(self.folder / self.pool(name).folder(self.scale.results) / f"seed-{seed}.safetensors")

    def run(self, name: str) -> dict:
        """Run a cell and what it builds on."""
        os.chdir(self.folder)
        cell = self.cell(name)
        for other in graph.prerequisites(cell):
            if not graph.result_file(self.scale, other).is_file():
                self.run(other.name)
        if cell.treatment:
            draw(self.scale, pool_of(self.scale, cell))
        return run_cell(self.scale, cell)


def results(world):
    """Of the scale mini."""
    return world.folder / "results" / "mini"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def make_world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # and back again afterwards

    def make(name: str = "world", **changes) -> World:
        return World(tmp_path / name, **changes)

    return make


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of cells of a world in which popularity is done with both seeds."""
    before = Path.cwd()
    world = World(tmp_path_factory.mktemp("finished") / "world")
    try:
        world.run("popularity")
    finally:
        os.chdir(before)
    return results(world) / "cells"


@pytest.fixture
def there(make_world, finished):
    """Another machine, on which popularity is done."""
    world = make_world("there")
    shutil.copytree(finished, results(world) / "cells")
    return world


@pytest.fixture
def here(make_world, there):
    """This machine, with nothing but the split."""
    world = make_world("here")
    os.chdir(world.folder)
    return world
