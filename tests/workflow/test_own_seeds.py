"""Where the random numbers of a cell come from: its split and combination, and nothing of its variant."""

from pathlib import Path
from types import SimpleNamespace

import torch

from methods.casr import treatment as casr
from methods.engine.treatment import Task
from paper_tables.cell import Cell
from tests.casr.support import card_settings
from workflow.cells.augment import generate, own_seed, task, treatment_module
from workflow.cells.seeds import say
from workflow.cells.steps import build, load_training_data

DRAWS = [f"cpr-synthetic-linear-d32-s{number}.loo" for number in range(1, 6)]
CPU = torch.device("cpu")


def test_draws_of_a_data_set_share_no_seed():
    cells = [Cell("cpr", split, anchor) for split in DRAWS for anchor in ("gmf", "mlp")]
    found = {own_seed(cell, seed) for cell in cells for seed in (1, 2)}
    assert len(found) == 20 and not found & {1, 2}


def test_draws_of_a_data_set_begin_with_other_vectors(monkeypatch):
    """Of the plain cells the first weights, of the pools the seed of the simulator."""
    split = SimpleNamespace(users=4, catalogue=5)
    settings = {"embedding": 3, "initial_std": 0.1, "item_bias": False}
    weights = [build("bpr", split, settings, own_seed(Cell("cpr", name, "bpr"), 1)) for name in DRAWS[:2]]
    assert not torch.equal(weights[0].item_embedding.weight, weights[1].item_embedding.weight)
    seen = []
    for name in DRAWS[:2]:
        cell = Cell("cpr", name, "gmf", "cpr-l")
        module = treatment_module(cell)
        monkeypatch.setattr(module, "generate", lambda source: seen.append(source.seed))
        scale = SimpleNamespace(results=Path("results"))
        generate(scale, cell, split, {"treatment": {}}, 1, CPU, say)
    assert len(set(seen)) == 2


def test_variants_share_what_combinations_do_not():
    of = {
        (sampler, variant): own_seed(Cell("casr", "lastfm.loo", "narm", "casr-h", sampler, variant), 1)
        for sampler in ("narm", "stamp", "sasrec")
        for variant in ("", "control", "kappa0.1")
    }
    assert len(set(of.values())) == 3 and of["stamp", ""] == of["stamp", "control"] == of["stamp", "kappa0.1"]


def test_the_controls_of_an_anchor_are_sequences_of_their_own(world):
    """H draws the same replacements for every sampler; each control draws its own."""
    world.run("stamp")
    world.run("narm")
    data = load_training_data(world.splits)
    extra = []
    for sampler in ("stamp", "narm"):
        cell = Cell("casr", world.split, "narm", "casr-h", sampler, "control")
        settings = {role: {"max_length": 8} for role in ("anchor", "sampler")} | {"treatment": card_settings(index=-1)}
        given = settings, 1, CPU, "ndcg@5", say
        work: Task = task(world.scale, cell, _pool(data.split), data, *given, treated={"epochs": 2})
        extra.append(casr.chosen(work))
    assert torch.equal(extra[0].windows, extra[1].windows) and not torch.equal(extra[0].items, extra[1].items)


def _pool(split):
    from methods.casr.drawing import draw_pool
    from methods.engine.data.windows import cut_windows
    from tests.casr.support import TinyGRU

    model, numbers = TinyGRU(split.catalogue, 4, 1), torch.Generator().manual_seed(1)
    return draw_pool("h", model, None, split, cut_windows(split, 8), card_settings(index=-1), numbers, CPU)


def test_a_control_is_retrained_with_the_seed_of_its_cell_and_other_combinations_with_others(world):
    """So that the pair differs by what it is trained on, and two cells do not agree by luck."""
    data = load_training_data(world.splits)

    def seeds(sampler, variant):
        cell = Cell("casr", world.split, "narm", "casr-h", sampler, variant)
        settings = {"anchor": {"max_length": 8}, "sampler": {"max_length": 8}, "treatment": card_settings()}
        treated = {"epochs": 2} if variant else None
        work = task(world.scale, cell, None, data, settings, 1, CPU, "ndcg@5", say, treated=treated)
        return work.seed, work.run.seed

    world.run("stamp")
    world.run("narm")
    assert seeds("stamp", "") == seeds("stamp", "control")
    assert not {*seeds("stamp", "")} & {*seeds("narm", "")}
