"""The ways that a GPU takes, on a device made of a CPU (tests/other_device.py)."""

import pytest
import torch

import datasets.cpr_synthetic.truth as known_model
from datasets.cpr_synthetic.generate import World as Drawn
from datasets.cpr_synthetic.generate import generate
from datasets.pipeline.lists import blocks
from methods.bpr.model import BPR
from methods.cpr import treatment
from methods.cpr.fit import fit_world, train
from methods.cpr.simulator import Simulator
from methods.engine.data.split import Targets
from methods.engine.recommender import Run
from methods.engine.treatment import Task, Truth
from tests.cpr.support import CPU, small_settings, some_blocks
from tests.engine.conftest import make_split
from tests.methods.support import module, settings
from tests.other_device import DEVICE, other_device

USERS, ITEMS, SETTINGS = 12, 15, small_settings()
LISTS, TRUTH = generate(Drawn(users=USERS, items=ITEMS, lists=6, dim=3, feedback="linear", reading="centred-mirrored"))
SPLIT = make_split([[user % ITEMS, (user + 3) % ITEMS, 1] for user in range(USERS)], ITEMS)


def found(strategy, device):
    """A cell from generation to its card; the world is saved on the CPU and read there, as cells do it."""
    world = fit_world(blocks(LISTS, SETTINGS["length"]), USERS, ITEMS, SETTINGS, 1, device)
    curves = [value for curve in world.curves.values() for value in curve]
    pool, rising = world.to(CPU), iter(range(100))
    torch.manual_seed(0)
    model = BPR(USERS, ITEMS, 3)
    task = Task(
        strategy, pool, SPLIT, {"anchor": settings("bpr"), "treatment": SETTINGS}, module("bpr"), lambda: model,
        Run(1, device, lambda _: float(next(rising))), 1,
    )  # fmt: skip
    held_out = {"test": Targets(torch.arange(USERS), torch.arange(USERS) % ITEMS)}
    about = treatment.describe(task, treatment.retrain(task), held_out, Truth(known_model, TRUTH, LISTS))
    return curves, [weight.detach().cpu() for weight in model.parameters()], about


@pytest.mark.parametrize("strategy", ["l", "r"])
def test_a_cell_of_known_truth_is_what_it_is_on_a_cpu(strategy, monkeypatch):
    here = found(strategy, CPU)
    with other_device(monkeypatch):
        there = found(strategy, DEVICE)
    torch.testing.assert_close(there[:2], here[:2], rtol=1e-4, atol=1e-5)
    about, known = flat(there[2]), flat(here[2])
    assert about.keys() == known.keys() and len(about) > 20
    for path, value in known.items():
        assert about[path] == (pytest.approx(value, rel=1e-4) if isinstance(value, float) else value), path


def test_no_batch_of_the_simulator_keeps_the_host_waiting(monkeypatch):
    def waits(batch):
        model, generator = Simulator(6, 9, SETTINGS), torch.Generator().manual_seed(1)
        with other_device(monkeypatch) as waiting:
            train(model.to(DEVICE), some_blocks(), {**SETTINGS, "batch": batch}, generator, DEVICE)
        return +waiting

    assert waits(4) == waits(16)


def flat(about: object, head: tuple = ()) -> dict[tuple, object]:
    """What stands at each path of names and places."""
    if not isinstance(about, dict | list):
        return {head: about}
    parts = about.items() if isinstance(about, dict) else enumerate(about)
    return {path: value for name, part in parts for path, value in flat(part, (*head, name)).items()}
