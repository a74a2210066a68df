"""Cells: what a result rests on, and what must never change it."""

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from methods.engine.recommender import Fitted, Recommender
from methods.engine.treatment import Retrained
from tests.casr.support import write_split
from workflow.cells import graph, pool, seeds, trials
from workflow.cells.augment import own_seed
from workflow.cells.pools import drawn_with
from workflow.cells.steps import Trained, final_ranks, load_training_data
from workflow.cells.tune import candidates, tune


def ranks(world, name, seed, part=None):
    table = pd.read_parquet(world.path(name) / f"seed-{seed}.ranks.parquet")
    return table if part is None else table[table["part"] == part].drop(columns="part").reset_index(drop=True)


def test_a_result_carries_what_it_takes_to_repeat_it(world):
    result = world.run("narm")
    assert result == read_json(world.path("narm") / "result.json")
    assert result["status"] == "done" and list(result["seeds"]) == ["1", "2"]
    assert result["settings"]["anchor"]["learning_rate"] == 0.01
    assert result["provenance"]["split"] == read_json(world.splits / "split.json")
    assert {"code", "versions", "device", "processor", "threads", "finished"} <= set(result["provenance"])
    first = result["seeds"]["1"]
    assert first["epochs"] == len(first["curve"]) and first["metrics"]["test"]["kept"]["ndcg@5"] > 0
    assert set(ranks(world, "narm", 1)["part"]) == {"validation", "test"}


def test_a_retry_keeps_finished_seeds_and_trains_the_missing_ones(world, monkeypatch):
    world.run("narm")
    (world.path("narm") / "seed-2.json").unlink()
    trained, train = [], seeds.train
    monkeypatch.setattr(seeds, "train", lambda method, data, settings, seed, *rest: trained.append(seed) or train(
        method, data, settings, seed, *rest))  # fmt: skip
    world.run("narm")
    assert trained == [own_seed(world.cell("narm"), 2)]


def test_an_outdated_seed_is_gone_before_its_files_are_replaced(world, monkeypatch):
    world.run("narm")
    seed = world.path("narm") / "seed-1.json"
    write_json(seed, read_json(seed) | {"digest": "of other settings"})
    monkeypatch.setattr(seeds, "train", diverge)
    with pytest.raises(FloatingPointError):
        world.run("narm")
    assert not seed.exists() and (world.path("narm") / "seed-2.json").exists()


def test_an_outdated_pool_is_gone_before_its_sequences_are_replaced(world, monkeypatch):
    world.run("narm.casr-d.stamp")
    seed = world.folder / world.pool("narm.casr-d.stamp").folder(world.scale.results) / "seed-1.json"
    write_json(seed, read_json(seed) | {"digest": "of other settings"})
    monkeypatch.setattr(pool, "generate", diverge)
    with pytest.raises(FloatingPointError):
        pool.draw(world.scale, world.pool("narm.casr-d.stamp"))
    assert not seed.exists()


def diverge(*arguments, **options):
    raise FloatingPointError("not finite")


def test_equal_seeds_give_equal_bits(make_world):
    one, two = make_world("one"), make_world("two")
    for world in (one, two):
        world.run("narm.casr-m.stamp")
    for name in ("narm", "stamp"):
        for file in ("seed-1.safetensors", "seed-2.ranks.parquet"):
            assert (one.path(name) / file).read_bytes() == (two.path(name) / file).read_bytes()
    assert (ranks(one, "narm.casr-m.stamp", 1) == ranks(two, "narm.casr-m.stamp", 1)).all(axis=None)
    assert (one.path("narm") / "seed-1.safetensors").read_bytes() != (
        one.path("narm") / "seed-2.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("name", ["narm", "stamp", "narm.casr-m.stamp"])
def test_a_seed_that_follows_another_is_bit_for_bit_the_seed_alone(make_world, name):
    both, alone = make_world("both"), make_world("alone", seeds=[2])
    for world in (both, alone):
        world.run(name)
    assert ranks(both, name, 2).equals(ranks(alone, name, 2))
    weights = [world.path("narm" if "." in name else name) / "seed-2.safetensors" for world in (both, alone)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize("test_seed", [1, 2, 3])
def test_no_test_item_reaches_training_or_augmentation(make_world, test_seed):
    one, two = make_world("one"), make_world("two", test_seed=test_seed)
    for world in (one, two):
        world.run("narm.casr-d.stamp")
    assert (one.splits / "test.csv").read_bytes() != (two.splits / "test.csv").read_bytes()
    for name in ("narm", "stamp"):
        assert (one.path(name) / "seed-1.safetensors").read_bytes() == (
            two.path(name) / "seed-1.safetensors"
        ).read_bytes()
    drawn = [world.drawn("narm.casr-d.stamp", seed=1) for world in (one, two)]
    assert drawn[0].keys() == drawn[1].keys() and len(drawn[0]["labels"]) > 0
    assert all(torch.equal(tensor, drawn[1][name]) for name, tensor in drawn[0].items())
    for name in ("narm", "narm.casr-d.stamp"):
        assert ranks(one, name, 1, "validation").equals(ranks(two, name, 1, "validation"))
        assert not ranks(one, name, 1, "test").equals(ranks(two, name, 1, "test"))


@pytest.mark.parametrize("name", ["narm.casr-h.stamp.kappa1", "narm.casr-d.stamp.r0", "narm.casr-m.stamp.kappa1"])
def test_without_a_sequence_the_result_is_the_plain_anchor(world, name):
    result = world.run(name)
    for seed in (1, 2):
        assert ranks(world, name, seed).equals(ranks(world, "narm", seed))
    plain = read_json(world.path("narm") / "result.json")
    assert [each["metrics"] for each in result["seeds"].values()] == [
        each["metrics"] for each in plain["seeds"].values()
    ]
    assert (
        result["seeds"]["1"]["same_as"] == "casr/synthetic.loo/narm"
        and result["seeds"]["1"]["augmentation"]["size"] == 0
    )


def test_a_control_has_as_many_sequences_and_epochs(world):
    treated, control = world.run("narm.casr-h.stamp"), world.run("narm.casr-h.stamp.control")
    for seed in ("1", "2"):
        assert (
            control["seeds"][seed]["augmentation"]["trained"] == treated["seeds"][seed]["augmentation"]["trained"] > 0
        )
        assert control["seeds"][seed]["epochs"] == treated["seeds"][seed]["epochs"]
        # what is known of the pool does not describe random items
        assert set(control["seeds"][seed]["augmentation"]) == {"control", "trained"}
    assert not ranks(world, "narm.casr-h.stamp.control", 1).equals(ranks(world, "narm.casr-h.stamp", 1))


def test_what_builds_on_a_failed_cell_says_so(world):
    world.run("stamp")
    world.run("narm")
    file = world.path("stamp") / "result.json"
    file.write_text('{"status": "failed", "reason": "killed"}')
    with pytest.raises(BadInput, match="builds on stamp, which failed: killed"):
        world.run("narm.casr-h.stamp")


def test_a_search_needs_no_test_file_and_saves_every_trial(make_world):
    world = make_world(tuning={"budget": 3})
    os.chdir(world.folder)
    (world.splits / "test.csv").unlink()
    result = tune(world.scale, world.cell("narm"))
    values = [trial["validation"] for trial in result["trials"]]
    assert len(values) == 3 and result["budget"] == 3
    assert result["chosen"] == result["trials"][values.index(max(values))]["settings"]
    trials = world.folder / "results/mini/tuning/casr/synthetic.loo/narm/trials.json"
    before = trials.read_bytes()
    assert tune(world.scale, world.cell("narm"))["trials"] == result["trials"]  # reused, seconds included
    assert trials.read_bytes() == before


def test_a_tuned_cell_runs_with_what_was_chosen(make_world):
    world = make_world(tuning={"budget": 2})
    os.chdir(world.folder)
    chosen = tune(world.scale, world.cell("narm"))["chosen"]
    settings = world.run("narm")["settings"]["anchor"]
    assert {key: settings[key] for key in chosen} == chosen


def test_trials_are_within_the_budget_and_begin_with_the_settings_as_they_are():
    grid, now = {"a": (1, 2, 3), "b": ("x", "y")}, {"a": 9, "b": "x", "c": 0}
    assert candidates(grid, now, 1, seed=0) == [{"a": 9, "b": "x"}]
    assert len(candidates(grid, now, 4, seed=0)) == 4
    every = candidates(grid, {"a": 1, "b": "x"}, 100, seed=0)
    assert len(every) == 6 and len({tuple(point.items()) for point in every}) == 6
    assert candidates(grid, now, 4, seed=0) == candidates(grid, now, 4, seed=0) != candidates(grid, now, 4, seed=1)


def test_figures_share_a_pool_where_only_the_choice_differs(world):
    names = ["narm.casr-d.stamp", "narm.casr-d.stamp.control", "narm.casr-d.stamp.r0", "narm.casr-d.stamp.kappa1"]
    assert {world.pool(name).name for name in names} == {"stamp.casr-d"}
    assert world.pool("narm.casr-d.stamp").up_to == {"share": 1.0, "rounds": 1}
    assert world.pool("narm.casr-d.stamp.d-2").name == "stamp.casr-d.d-2"
    assert world.pool("narm.casr-m.stamp").name == "stamp.casr-m.narm"
    assert drawn_with(world.cell("narm.casr-d.stamp")) == {"sampler": world.cell("stamp")}


def with_groups(world):
    """Two groups of users on the world's split: those of even number are core."""
    rows = "".join(f"{user},{'core' if user % 2 == 0 else 'casual'}\n" for user in range(40))
    (world.splits / "users.csv").write_text("user,group\n" + rows)


def test_metrics_of_groups_are_those_of_their_users_ranks(make_world, monkeypatch):
    plain, world = make_world("plain"), make_world("groups")
    with_groups(world)
    assert "groups" not in plain.run("narm")["seeds"]["1"]
    seed = world.run("narm")["seeds"]["1"]
    assert {*seed["groups"]} == {"core", "casual"} and {*seed["groups"]["core"]} == {"validation", "test"}
    for metric, value in seed["metrics"]["test"]["kept"].items():
        assert value == pytest.approx(np.mean([of["test"]["kept"][metric] for of in seed["groups"].values()]))
    one = seed["groups"]["casual"]["validation"]["kept"]["ndcg@5"]
    monkeypatch.setattr(graph, "selection", lambda cell: "ndcg@5 of casual")
    again = make_world("selected")
    with_groups(again)
    selected = again.run("narm")["seeds"]["1"]
    found = selected["groups"]["casual"]["validation"]["kept"]["ndcg@5"]
    assert max(selected["curve"]) == found != max(seed["curve"]) and found >= one
    shutil.rmtree(again.path("narm"))
    monkeypatch.setattr(graph, "selection", lambda cell: "ndcg@5 of strangers")
    with pytest.raises(BadInput, match="no group 'strangers', which selects; its groups: casual, core"):
        again.run("narm")


def test_a_trial_is_worth_its_best_epoch(world, monkeypatch):
    """And not its last one: the weights of the best epoch are what a cell keeps."""
    course = Fitted([0.1, 0.5, 0.2], 2)
    monkeypatch.setattr(trials, "train", lambda *given: Trained(None, course, 0.0))
    search = trials.Search(world.scale, world.cell("narm"), None, 1, torch.device("cpu"))
    assert trials.validation_value(search, {"anchor": {}}) == 0.5
    treated = SimpleNamespace(retrain=lambda work: Retrained(None, course, 1))
    monkeypatch.setattr(trials, "_pool", lambda search, settings: None)
    monkeypatch.setattr(trials, "task", lambda *given: None)
    monkeypatch.setattr(trials, "treatment_module", lambda cell: treated)
    search = trials.Search(world.scale, world.cell("narm.casr-d.stamp"), None, 1, torch.device("cpu"))
    assert trials.validation_value(search, {"anchor": {}}) == 0.5


class Successor(Recommender):
    """Recommends the number after the last item of the history, and nothing else."""

    max_length = 1

    def __init__(self, catalogue):
        super().__init__()
        self.catalogue = catalogue

    def score(self, users, items, lengths):
        return torch.nn.functional.one_hot((items[:, 0] + 1) % self.catalogue, self.catalogue).float()


def test_the_validation_item_belongs_to_the_history_of_the_test_item(tmp_path):
    folder = write_split(tmp_path, [[0, 1], [5, 6], [3]], [(2, 3), (7, 8), (0, 1)], 9)
    found = final_ranks(Successor(9), load_training_data(folder), folder / "test.csv", torch.device("cpu"))
    assert found["test"].above_kept.tolist() == [0, 0, 0]
    assert found["validation"].above_kept.tolist() == [0, 0, 1]  # after 3 comes 4, and not 0
