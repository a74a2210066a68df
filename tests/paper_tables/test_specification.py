"""Which cells a scale has."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from paper_tables.recommenders import own_methods, recommenders
from paper_tables.reported import tables
from paper_tables.spec.paper import paper
from paper_tables.spec.plan import read_plan
from paper_tables.spec.specification import best_combination, specification

CASR = specification("casr")
TARGETS, cells, seeds_of, target_cells = CASR.TARGETS, CASR.cells, CASR.seeds_of, CASR.target_cells
DATASETS = paper("casr").data["all"]["datasets"]
CONFIG = Path(__file__).parents[2] / "config"
PAPER = {"scale": "paper", "seeds": [1], "papers": {"casr": {"datasets": dict.fromkeys(DATASETS)}}}


def names(found):
    return [cell.identifier for cell in found]


def test_the_paper_has_nine_times_27_augmented_cells_and_as_many_controls(cards):
    kinds = Counter((bool(cell.treatment), cell.variant) for cell in cells(PAPER))
    assert kinds == {(False, ""): 9 * 10, (True, ""): 9 * 27, (True, "control"): 9 * 27}


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_every_cell_of_a_shipped_scale_stands_once_and_belongs_to_a_target(cards, scale):
    content = yaml.safe_load((CONFIG / f"{scale}.yaml").read_text(encoding="utf-8"))
    found = names(cells(content))
    assert len(found) == len(set(found)) > 50
    assert set(found) == {name for target in TARGETS for name in names(target_cells(target, content))}


def test_the_demo_stays_small(cards):
    content = yaml.safe_load((CONFIG / "demo.yaml").read_text(encoding="utf-8"))
    assert len(cells(content)) <= 95


def test_an_own_method_stands_in_table_2_without_being_named(cards, scale):
    assert "casr/lastfm.loo/mine" in names(target_cells("table2", scale))


def test_another_papers_method_stands_in_table_2_where_the_scale_names_it(cards, scale):
    write_card(cards, "gmf")  # printed in another paper, hence no user's own
    assert "casr/lastfm.loo/gmf" not in names(target_cells("table2", scale))
    scale["papers"]["casr"]["others"] = ["gmf"]
    assert "casr/lastfm.loo/gmf" in names(target_cells("table2", scale))
    scale["papers"]["casr"]["others"] = ["gfm"]
    with pytest.raises(BadInput, match="others: unknown method 'gfm'; did you mean 'gmf'"):
        target_cells("table2", scale)


def write_card(folder, name):
    about = {"name": name, "label": name, "kind": "recommender", "family": "general"}
    (folder / name).mkdir()
    (folder / name / "card.yaml").write_text(yaml.safe_dump(about | {"exclude_seen": True, "exclude_seen_reason": "x"}))
    recommenders.cache_clear()
    own_methods.cache_clear()


def test_figure_cells_carry_their_setting_and_share_the_main_cell(cards, scale):
    figure3 = {cell.name: cell.settings for cell in target_cells("figure3", scale)}
    assert figure3["narm.casr-d.stamp.r40"] == {"share": 0.4}
    assert figure3["narm.casr-d.stamp"] == {}  # r = 100 %
    assert "narm" in figure3 and "narm.casr-h.stamp.control" in figure3
    figure5 = {cell.name: cell.settings for cell in target_cells("figure5", scale)}
    assert figure5["narm.casr-m.stamp.kappa1e-08"] == {"kappa": 1.0e-8}
    assert target_cells("figure4", scale) == []


@pytest.mark.parametrize("section", ["casr", "casr-d", "narm.casr-d.stamp"])
def test_a_main_cell_on_a_part_of_the_samples_is_no_point_of_figure_3(cards, scale, section):
    scale["settings"] = {section: {"share": 0.2}}
    figure3 = {cell.name: cell.settings for cell in target_cells("figure3", scale)}
    assert figure3["narm.casr-d.stamp.r100"] == {"share": 1.0} and "narm.casr-d.stamp" not in figure3
    assert ("narm.casr-h.stamp" in figure3) == (section != "casr")


def test_orders_and_the_time_split_only_where_there_is_time(cards, scale):
    splits = {cell.split for cell in target_cells("splits", scale)}
    assert splits == {"lastfm.loo.shuffled", "amazon-beauty.time"}


def test_seeds_of_a_data_set_override_the_scale(cards, scale):
    seeds = {cell.dataset: seeds_of(scale, cell.dataset) for cell in cells(scale)}
    assert seeds == {"lastfm": (1, 2), "amazon-beauty": (1,)}


def test_a_figures_combination_is_the_best_printed_one():
    ndcg = tables("casr")[3].query("metric == 'ndcg' and dataset == 'lastfm' and method != 'none'")
    anchor, sampler = best_combination("casr", "lastfm")
    best = ndcg.query("anchor == @anchor and sampler == @sampler")["value"].astype(float).max()
    assert best == ndcg["value"].astype(float).max()


def test_data_that_the_paper_lacks_needs_a_named_combination(cards):
    scale = {"scale": "x", "seeds": [1], "papers": {"casr": {"datasets": {"synthetic": {}}, "case_study": "synthetic"}}}
    with pytest.raises(BadInput, match="papers.casr.combinations"):
        cells(scale)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datsets": {}}, "config/fixture.yaml: papers.casr: unknown key 'datsets'; did you mean 'datasets'"),
        ({"datasets": {}}, "datasets is {}; it must be keys with values, at least 1"),
        ({"datasets": {"lastfm": {"sedes": [1]}}}, "datasets.lastfm: unknown key 'sedes'; did you mean 'seeds'"),
        ({"datasets": {"lastfm": {"seeds": "1"}}}, "list of whole numbers"),
        ({"anchors": ["gru4rec"]}, "anchors.0: unknown value 'gru4rec'"),
        ({"anchors": "narm"}, "anchors is 'narm'; it must be a list"),
        ({"anchors": ["narm", "narm"]}, "none of them twice"),
        ({"twins": "time"}, "twins is 'time'; it must be a list"),
        ({"twins": ["tim"]}, "twins.0: unknown value 'tim'; did you mean 'time'"),
        ({"datasets": {"lastfn": {}}}, "datasets: unknown data set 'lastfn'; did you mean 'lastfm'"),
        ({"datasets": {"lastfm": {"seeds": [1, 1, 1]}}}, "none of them twice"),
        ({"datasets": {"lastfm": {"seeds": [-1]}}}, "seeds.0 is -1"),
        ({"datasets": {"lastfm": {"seeds": [True]}}}, "seeds.0 is true"),
        ({"datasets": {"lastfm": {"seeds": [10**20]}}}, "whole number from 0 to 4294967295"),
        ({"orders": {"lastfm": ["shufled"]}}, "orders.lastfm: unknown value 'shufled'; did you mean 'shuffled'"),
        ({"combinations": {"lastfm": ["narm"]}}, r"combinations.lastfm is \["),
        ({"figures": {"figure3": {"datasets": ["lastfm"], "shares": [2]}}}, "shares: share is 2; .* from 0 to 1"),
        ({"figures": {"figure3": {"datasets": ["lastfm"], "shares": ["10 %"]}}}, "without quotes or units"),
        ({"figures": {"figure4": {"datasets": ["lastfm"], "rounds": [1.5]}}}, "rounds is 1.5; .*whole number from 1"),
        ({"figures": {"figure6": {"datasets": ["lastfm"], "indices": [1]}}}, "index is 1; .*whole number below 0"),
        ({"orders": {"jester": ["shuffled"]}}, "orders: unknown value 'jester'"),
        ({"figures": {"figure5": {"datasets": ["lastfm"], "kappas": ["1e-8"]}}}, "kappa is .1e-8.; .*1.0e-3"),
        ({"figures": {"figure3": {"datasets": ["jester"], "shares": [1.0]}}}, "figure3.datasets: unknown value"),
    ],
)
def test_a_fault_in_the_scale_names_its_key(scale, change, message):
    scale["papers"]["casr"] |= change
    with pytest.raises(BadInput, match=message):
        read_plan(scale, "casr")


def test_an_unknown_target_is_refused(cards, scale):
    with pytest.raises(ValueError, match="table9"):
        target_cells("table9", scale)
