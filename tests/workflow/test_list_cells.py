"""Cells of a treatment without a sampler, whose pool is a learnt world (CPR)."""

import os

import pandas as pd
import pytest
import torch

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from methods.cpr.treatment import load
from methods.engine.data.split import load_lists
from tests.workflow.list_world import BUDGET, ListWorld
from workflow.cells import pools, seeds, trials
from workflow.cells.graph import all_settings, find_cell, grid, searched_cell, selection, tuning_file
from workflow.cells.jobs import cell_digest, pool_digest, pool_inputs, tuning_inputs
from workflow.cells.pool import draw
from workflow.cells.tune import tune

ANCHORS = ("bpr", "gmf", "mlp", "neumf", "lightgcn")


@pytest.fixture
def make_lists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(name: str = "lists", **changes) -> ListWorld:
        return ListWorld(tmp_path / name, **changes)

    return make


@pytest.fixture
def lists(make_lists):
    return make_lists()


def with_section(**sections) -> dict:
    return {"settings": ListWorld.settings | sections}


def ranks(world, name, part=None):
    table = pd.read_parquet(world.path(name) / "seed-1.ranks.parquet")
    return table if part is None else table[table["part"] == part].reset_index(drop=True)


def test_every_anchor_is_treated_by_both_strategies_from_one_world(make_lists):
    world = make_lists(seeds=[1])
    for anchor in ANCHORS:
        for name in (f"{anchor}.cpr-l", f"{anchor}.cpr-r"):
            result = world.run(name)
            assert result["status"] == "done" and set(result["settings"]) == {"anchor", "treatment"}
            assert not ranks(world, name).equals(ranks(world, anchor))
    loss = {name: world.run(name)["seeds"]["1"]["augmentation"]["loss"] for name in ("bpr.cpr-r", "gmf.cpr-r")}
    assert loss == {"bpr.cpr-r": "pairwise", "gmf.cpr-r": "pointwise"}  # the anchor's own
    assert [pool.name for pool in pools.pools(world.scale).values()] == ["cpr"]


def test_the_card_of_the_sets_says_what_is_known_of_them(lists):
    about = lists.run("gmf.cpr-l.k2")["seeds"]["1"]["augmentation"]
    assert (about["strategy"], about["k"], about["sets"], about["trained"]) == ("l", 2, 60, 60)
    assert len(about["reward"]) == 2 and 1 <= about["rounds"] <= 2
    shares = [about["observed"], *about["heldout_overlap"].values()]
    assert len(shares) == 3 and all(0 <= share[side] <= 1 for share in shares for side in ("positives", "others"))
    accuracy = (about["positives_taken"] + 1 - about["others_taken"]) / 2
    assert about["label_accuracy"] == pytest.approx(accuracy) and 0 <= about["zeta"] <= 1
    assert about["theorem1"]["exact"] >= 1 and "samples" in about["theorem2"]
    assert {"exposure_divergence", "uniform_divergence", "choice_auc"} == set(about["recovery"])
    assert all(0 <= about["values"][name] <= 5 for name in ("made", "observed", "random"))


def test_without_a_truth_the_card_is_shorter(lists):
    (lists.folder / "results/mini/data/cpr-synthetic/truth.npz").unlink()
    about = lists.run("gmf.cpr-r")["seeds"]["1"]["augmentation"]
    assert "observed" in about and "zeta" not in about


def test_a_control_has_as_many_sets_and_rounds(lists):
    treated, control = lists.run("gmf.cpr-l"), lists.run("gmf.cpr-l.control")
    for seed in ("1", "2"):
        own = control["seeds"][seed]
        assert own["augmentation"] == {"control": True, "trained": treated["seeds"][seed]["augmentation"]["trained"]}
        assert own["epochs"] == treated["seeds"][seed]["epochs"]
    assert not ranks(lists, "gmf.cpr-l.control").equals(ranks(lists, "gmf.cpr-l"))


def test_a_step_of_no_length_leaves_the_anchor_as_it_is(make_lists):
    world = make_lists(**with_section(**{"cpr-l": {"retrain_learning_rate": 1e-30, "retrain_regularisation": 0.0}}))
    result = world.run("gmf.cpr-l")
    assert ranks(world, "gmf.cpr-l").equals(ranks(world, "gmf"))
    assert result["seeds"]["1"]["augmentation"]["trained"] > 0


@pytest.mark.parametrize("test_seed", [1, 2])
def test_no_test_item_reaches_the_world_or_a_training(make_lists, test_seed):
    one, two = make_lists("one"), make_lists("two", test_seed=test_seed)
    names = ("lightgcn.cpr-l", "lightgcn.cpr-r", "lightgcn.cpr-l.control")
    for world in (one, two):
        for name in names:
            world.run(name)
    assert (one.splits / "test.csv").read_bytes() != (two.splits / "test.csv").read_bytes()
    drawn = [world.drawn("lightgcn.cpr-l", seed=1) for world in (one, two)]
    assert drawn[0].keys() == drawn[1].keys()
    assert all(torch.equal(tensor, drawn[1][name]) for name, tensor in drawn[0].items())
    for name in ("lightgcn", *names):
        assert ranks(one, name, "validation").equals(ranks(two, name, "validation"))
        assert not ranks(one, name, "test").equals(ranks(two, name, "test"))


def test_equal_seeds_give_equal_bits(make_lists):
    one, two = make_lists("one"), make_lists("two")
    for world in (one, two):
        world.run("neumf.cpr-l")
    assert (one.path("neumf") / "seed-1.safetensors").read_bytes() == (
        two.path("neumf") / "seed-1.safetensors"
    ).read_bytes()
    assert ranks(one, "neumf.cpr-l").equals(ranks(two, "neumf.cpr-l"))
    other = pd.read_parquet(one.path("neumf.cpr-l") / "seed-2.ranks.parquet")
    assert not other.equals(ranks(one, "neumf.cpr-l"))


def test_a_resumed_cell_trains_the_missing_seed_with_the_world_as_it_was(lists, monkeypatch):
    before = lists.run("gmf.cpr-r")
    pool = lists.folder / lists.pool("gmf.cpr-r").folder(lists.scale.results) / "seed-2.safetensors"
    drawn = pool.stat().st_mtime_ns
    (lists.path("gmf.cpr-r") / "seed-2.json").unlink()
    ran, treated = [], seeds.treated
    monkeypatch.setattr(seeds, "treated", lambda job, seed: ran.append(seed) or treated(job, seed))
    again = lists.run("gmf.cpr-r")
    assert ran == [2] and pool.stat().st_mtime_ns == drawn
    assert again["seeds"]["2"]["metrics"] == before["seeds"]["2"]["metrics"]


def test_training_is_selected_by_the_papers_metric(lists):
    seed = lists.run("bpr")["seeds"]["1"]
    assert max(seed["curve"]) == pytest.approx(seed["metrics"]["validation"]["removed"]["ndcg@10"])


def test_the_sampled_twin_stands_beside_the_full_ranking(lists):
    seed, table = lists.run("popularity")["seeds"]["1"], ranks(lists, "popularity")
    assert (table["above_sampled"] <= table["above_kept"]).all() and table["above_sampled"].max() <= 3
    assert set(seed["metrics"]["test"]) == {"kept", "removed", "sampled"}
    assert seed["metrics"]["test"]["sampled"]["hr@5"] == 1.0  # one of four


def test_only_what_changes_the_simulator_makes_another_world(make_lists):
    world = make_lists(**with_section(**{"cpr-r": {"k": 2}, "cpr-l": {"epochs": 3}, "gmf.cpr-l": {"draws": 2}}))
    names = {name: pools.pool_name(world.scale, world.cell(name)) for name in ("gmf.cpr-l", "bpr.cpr-l", "gmf.cpr-r")}
    assert names == {"gmf.cpr-l": "cpr.epochs3.draws2", "bpr.cpr-l": "cpr.epochs3", "gmf.cpr-r": "cpr"}


def test_a_setting_reruns_the_cells_that_it_concerns_and_no_others(make_lists):
    def digests(world):
        names = ("gmf", "gmf.cpr-l", "gmf.cpr-r", "bpr.cpr-l")
        cells = [cell_digest(world.scale, world.cell(name)) for name in names]
        return [*cells, pool_digest(world.scale, world.pool("gmf.cpr-r"))]

    def changed(**sections):
        other = digests(make_lists(str(sections), **with_section(**sections)))
        return [one != two for one, two in zip(digests(before), other, strict=True)]

    before = make_lists("before")
    assert changed(**{"cpr-l": {"hidden": 16}}) == [False, True, False, True, False]
    assert changed(gmf={"batch": 32}) == [True, True, True, False, False]
    assert changed(cpr=ListWorld.settings["cpr"] | {"epochs": 3}) == [False, True, True, True, True]


def test_a_combinations_section_means_the_treatment_where_both_have_the_setting(make_lists):
    world = make_lists(**with_section(**{"gmf.cpr-l": {"learning_rate": 0.5, "objective": "pairwise"}}))
    settings = all_settings(world.scale, world.cell("gmf.cpr-l"), {"cpr/cpr-synthetic.loo/gmf": {"batch": 16}})
    assert settings["treatment"]["learning_rate"] == 0.5
    assert settings["anchor"]["learning_rate"] == BUDGET["learning_rate"]
    assert settings["anchor"]["objective"] == "pairwise" and settings["anchor"]["batch"] == 16


def test_a_section_names_a_sampler_only_where_there_is_one(make_lists):
    world = make_lists(**with_section(**{"gmf.cpr-l.stamp": {"k": 2}}))
    with pytest.raises(BadInput, match="unknown section 'gmf.cpr-l.stamp'"):
        all_settings(world.scale, world.cell("gmf"))


def test_draws_of_a_setting_share_the_search_on_the_first(make_lists):
    two = {**ListWorld.part, "data_seeds": [1, 2]}
    scale = make_lists(tuning={"budget": 2}, papers={"cpr": two}).scale
    first, second = (find_cell(scale, f"cpr/cpr-synthetic{draw}.loo/gmf.cpr-l") for draw in ("", "-s2"))
    assert tuning_file(scale, second) == tuning_file(scale, first) is not None
    assert searched_cell(scale, first.identifier) == first
    with pytest.raises(BadInput, match="no search for 'cpr/cpr-synthetic-s2.loo/gmf.cpr-l'"):
        searched_cell(scale, second.identifier)


def test_papers_on_one_split_search_by_their_own_metric_and_draw_their_own_pools(make_lists):
    of_casr = {"datasets": {"mind-small": {"augmented": ["narm"]}}, "anchors": ["narm"], "samplers": ["narm"]}
    of_casr |= {"baselines": ["bpr"], "controls": [], "combinations": {"mind-small": ["narm", "narm"]}}
    of_cpr = {**ListWorld.part, "feedbacks": [], "mind": "mind-small"}
    scale = make_lists(tuning={"budget": 2}, papers={"casr": of_casr, "cpr": of_cpr}).scale
    files = [tuning_file(scale, find_cell(scale, f"{paper}/mind-small.loo/bpr")) for paper in ("casr", "cpr")]
    assert [str(file.relative_to(scale.results)) for file in files] == [
        "tuning/casr/mind-small.loo/bpr.json", "tuning/cpr/mind-small.loo/bpr.json",
    ]  # fmt: skip
    searched = [searched_cell(scale, f"{paper}/mind-small.loo/bpr") for paper in ("casr", "cpr")]
    assert [selection(cell) for cell in searched] == ["ndcg@5", "ndcg@10"]
    folders = {str(pool.folder(scale.results).relative_to(scale.results)) for pool in pools.pools(scale).values()}
    assert "pools/cpr/mind-small.loo/cpr" in folders and "pools/casr/mind-small.loo/narm.casr-d.narm" in folders


def test_a_search_takes_the_world_that_all_cells_share(make_lists, monkeypatch):
    world = make_lists(tuning={"budget": 2})
    os.chdir(world.folder)
    cell, pool = world.cell("gmf.cpr-l"), world.pool("gmf.cpr-l")
    shared = pool.folder(world.scale.results) / "pool.json"
    assert tuning_inputs(world.scale, cell)["pool"] == [shared] and pool_inputs(world.scale, pool)["tuning"] == []
    tune(world.scale, world.cell("gmf"))
    world.run("gmf")
    draw(world.scale, pool)
    monkeypatch.setattr(trials, "generate", None)  # not called
    (world.splits / "test.csv").unlink()
    found = tune(world.scale, cell)
    assert found["status"] == "done" and found["selection"] == "ndcg@10"
    assert set(found["chosen"]) == set(grid(cell)) >= {"k", "hidden"} and len(found["trials"]) == 2


def test_data_without_lists_is_refused(world):
    with pytest.raises(BadInput, match="the data has no impression lists"):
        load_lists(world.splits)


def test_a_pool_that_is_no_world_is_refused(lists, world):
    lists.run("gmf.cpr-r")
    world.run("narm")
    with pytest.raises(BadInput, match="not a world of CPR"):
        load(world.path("narm") / "seed-1.safetensors")
    about = read_json(lists.folder / lists.pool("gmf.cpr-r").folder(lists.scale.results) / "pool.json")
    assert set(about["seeds"]["1"]["elbo"]) == {"alpha", "beta"} and about["treatment"].startswith("cpr")
