"""What is measured on: a shape's counts exactly, a portion with the whole catalogue, the same data for both sides."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from methods.cards import load_card
from methods.engine.data.split import load_split, load_targets
from workflow.benchmark import whole
from workflow.benchmark.__main__ import BENCHMARKS, ONLY_BY_NAME, chosen
from workflow.benchmark.data import SHORTEST, Data, Shape, counts, find, portion, synthetic
from workflow.benchmark.growth import AXES, BASE, shape_of
from workflow.benchmark.peer_inputs import MODELS, settings_of, write_atomic

SHAPE = Shape(30, 40, 200)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 40), st.integers(5, 60), st.integers(0, 200), st.integers(0, 3))
def test_a_synthetic_split_has_the_counts_that_were_asked_for(tmp_path_factory, users, items, spare, seed):
    shape = Shape(users, items, SHORTEST * users + spare)
    folder = synthetic(shape, tmp_path_factory.mktemp("made"), seed)
    assert counts(folder) == shape
    split, test = load_split(folder), load_targets(folder / "test.csv")
    assert split.catalogue == items and split.users == users
    assert (split.lengths >= 2).all() and len(test.users) == users


def test_a_portion_has_fewer_users_of_the_same_data_and_the_whole_catalogue(tmp_path):
    whole_data = Data(synthetic(SHAPE, tmp_path / "whole"), "made", "synthetic")
    part = portion(whole_data, 7, tmp_path / "part")
    assert read_json(part.folder / "split.json")["items"] == SHAPE.items and counts(part.folder).users == 7
    assert "7 of its users" in part.source
    histories = [
        {tuple(items) for _, items in pd.read_csv(data.folder / "train.csv").groupby("user")["item"]}
        for data in (whole_data, part)
    ]
    assert histories[1] <= histories[0] and len(histories[1]) > 1
    assert portion(whole_data, 30, tmp_path / "same") is whole_data


def test_a_prepared_split_goes_before_a_synthetic_one(tmp_path):
    made = find("lastfm", tmp_path / "store", tmp_path / "results", None)
    assert made.source.startswith("synthetic")
    folder = tmp_path / "results" / "quick" / "splits" / "lastfm.loo"
    folder.mkdir(parents=True)
    write_json(folder / "split.json", {})
    assert find("lastfm", tmp_path / "store", tmp_path / "results", None) == Data(folder, "lastfm", "real, of quick")


def test_nothing_is_downloaded_where_raw_files_are_missing(tmp_path):
    (tmp_path / "raw").mkdir()
    assert find("lastfm", tmp_path / "store", tmp_path, tmp_path / "raw").source.startswith("synthetic")


def test_the_peer_is_given_the_same_interactions_in_the_same_order(tmp_path):
    split = synthetic(SHAPE, tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    write_atomic(split, folder)
    table = pd.read_csv(folder / "data.inter", sep="\t")
    assert len(table) == SHAPE.interactions
    assert len(pd.read_csv(folder / "data.item", sep="\t")) == SHAPE.items
    last = table.sort_values("timestamp:float").groupby("user_id:token")["item_id:token"].last()
    assert list(last) == list(load_targets(split / "test.csv").items)
    # its leave-one-out trains on every prefix before the held-out two, as many as this engine
    prefixes = (table.groupby("user_id:token").size() - 3).sum()
    assert prefixes == int((load_split(split).lengths - 1).sum())


def test_the_peer_is_given_the_same_sizes():
    for method in MODELS:
        own = load_card(method).settings
        given = settings_of(method, own)
        assert own["embedding"] in (given.get("embedding_size"), given["hidden_size"] if method == "sasrec" else None)
        dropouts = {value for name, value in given.items() if "dropout" in name and not isinstance(value, list)}
        assert dropouts <= {own.get("dropout")}


def test_a_part_is_chosen_by_name():
    assert chosen("ranking, search") == ["ranking", "search"]
    assert set(chosen("")) == set(BENCHMARKS) - set(ONLY_BY_NAME)
    with pytest.raises(BadInput, match="training"):
        chosen("speed")


def test_a_point_of_growth_differs_by_what_its_axis_names():
    for axis, values in AXES.items():
        for value in values:
            shape = shape_of(axis, value)
            assert axis == "seeds" or value in (shape.users, shape.items, shape.interactions // shape.users)
            assert axis in ("items a history",) or shape.interactions // shape.users == 20
    assert shape_of("seeds", 4) == BASE


def test_the_overhead_of_a_job_is_what_its_work_does_not_explain(tmp_path):
    for cell, seconds in (("narm", 3.0), ("narm.casr-d.stamp", 5.0), ("stamp", 4.0)):
        place = f"cells/casr/made.loo/{cell}"
        seeds = {seed: {"train_seconds": 0.5, "rank_seconds": 0.25} for seed in ("1", "2")}
        write_json(tmp_path / place / "result.json", {"seeds": seeds})
        cost = tmp_path / "benchmarks" / f"{place}.tsv"
        cost.parent.mkdir(parents=True, exist_ok=True)
        cost.write_text(f"s\tcpu_time\tmax_rss\n{seconds}\t2.0\t{100 * seconds}\n")
    write_json(tmp_path / "cells/casr/made.loo/in-shell/result.json", {"seeds": {}})  # no job of ours, no cost
    assert whole.overhead(tmp_path) == pytest.approx(2.5)
    answer = whole.with_jobs(lambda seconds: {"seconds": 9.0, "cpu_seconds": 1.0, "memory_mb": 50.0}, tmp_path)(60)
    assert answer == {"seconds": 9.0, "cpu_seconds": 7.0, "memory_mb": 500.0}
