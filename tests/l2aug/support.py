"""A small split with groups and a meta set, an anchor, and a task on them."""

import copy
import importlib
from dataclasses import replace

import torch

from methods.cards import load_card
from methods.engine.data.split import Targets
from methods.engine.recommender import Run
from methods.engine.treatment import Task
from tests.engine.conftest import make_split

CPU, CATALOGUE = torch.device("cpu"), 20
SMALL = {"embedding": 8, "hidden": 8, "max_length": 6, "objective": "sampled", "batch": 16, "epochs": 2, "patience": 2}
FEW = {"batch": 6, "edits": 3, "steps": 25, "dim": 8, "patience": 9}


def world(seed=0, core=12, casual=24):
    """Core users first; the item behind the history of each casual user is in the meta set."""
    generator = torch.Generator().manual_seed(seed)
    lengths = [*torch.randint(5, 10, (core,), generator=generator).tolist(), *[3] * casual]
    histories = [torch.randperm(CATALOGUE, generator=generator)[:length].tolist() for length in lengths]
    users = torch.arange(core + casual)
    meta = Targets(users[core:], torch.randint(CATALOGUE, (casual,), generator=generator))
    return replace(make_split(histories, CATALOGUE), groups={"core": users[:core], "casual": users[core:]}, meta=meta)


def anchor(split, name="gru4rec", **changes):
    card = load_card(name)
    settings = card.configured({key: value for key, value in {**SMALL, **changes}.items() if key in card.settings})
    torch.manual_seed(2)
    module = importlib.import_module(f"methods.{card.folder.name}.model")
    return module, module.build(split, settings), settings


def task(split, name="gru4rec", control="", treated=None, validate=lambda model: 0.0, treatment="l2aug", **changes):
    module, model, settings = anchor(split, name)
    own = load_card(treatment).configured({**(FEW if treatment == "l2aug" else {}), **changes})
    run = Run(5, CPU, validate)
    both = {"anchor": settings, "treatment": own}
    return Task("", None, split, both, module, lambda: copy.deepcopy(model), run, 5, control=control, treated=treated)


def same(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))
