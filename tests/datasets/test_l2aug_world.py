"""L2Aug's world: what it says of itself holds in the data, and its splits have the groups that were meant."""

import numpy as np
import pandas as pd
import pytest

from datasets.l2aug_world.generate import World, generate
from datasets.l2aug_world.truth import Truth, best_edit, load_truth
from datasets.pipeline.card import card, variant_name
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.protocols import ONLY_TESTED
from datasets.pipeline.split import make_split


@pytest.fixture(scope="module")
def world():
    parsed = generate(World())
    rows = parsed.interactions.sort_values(["user", "time"], kind="stable")
    return rows.assign(core=rows.groupby("user")["item"].transform("size") == 16), Truth(**parsed.arrays["truth"])


def share_that_follows(rows, truth):
    """How often a user's next item is the next one of the chain."""
    users, items = rows["user"].to_numpy(), rows["item"].to_numpy()
    same = users[1:] == users[:-1]
    return (truth.follows[items[:-1]] == items[1:])[same].mean()


def test_casual_users_follow_the_chain_and_never_meet_filler(world):
    rows, truth = world
    casual = rows[~rows["core"]]
    assert not truth.filler[casual["item"]].any()
    assert share_that_follows(casual, truth) == pytest.approx(0.8 + 0.2 / 60, abs=0.03)


def test_without_filler_core_users_follow_it_as_well(world):
    rows, truth = world
    core = rows[rows["core"]]
    kept = best_edit(truth, core["item"].to_numpy())
    assert 1 - kept.mean() == pytest.approx(15 / 16 * 0.5, abs=0.03)
    assert share_that_follows(core[kept], truth) == pytest.approx(0.8 + 0.2 / 60, abs=0.03)
    assert share_that_follows(core, truth) < 0.3


def test_the_chain_is_one_ring_of_all_items_but_filler(world):
    _, truth = world
    assert (truth.filler.sum(), len(truth.filler)) == (3, 63) and np.array_equal(truth.follows < 0, truth.filler)
    place = start = int(np.flatnonzero(~truth.filler)[0])
    for _ in range(60):
        place = truth.follows[place]
        assert place >= 0
    assert place == start and len(set(truth.follows)) == 61


def test_equal_seeds_give_equal_bits_and_others_do_not():
    first, again, other = (generate(World(seed=seed)).interactions for seed in (1, 1, 2))
    assert first.equals(again) and not first["item"].equals(other["item"])
    with pytest.raises(BadInput, match="items are never chosen with seed 1; take another seed"):
        generate(World(core=2, tested_core=2, kinds=60))


@pytest.mark.parametrize("variant", [{}, {"kinds": 1, "world": 3}, {"kinds": 60, "core": 50}])
def test_its_splits_have_the_groups_that_were_meant(tmp_path, variant):
    name = variant_name("l2aug-world", **variant)
    about = prepare(card(name), tmp_path)
    truth = load_truth(tmp_path / "data" / name / "truth.npz")
    assert truth.filler.sum() == variant.get("kinds", 3) and len(truth.filler) == about["counts"]["items"]
    rows = pd.read_parquet(tmp_path / "data" / name / "interactions.parquet")
    meant = rows.groupby("user")["item"].size() == 16
    tests = []
    for protocol in ("others", "cut-2021-01-01", "cut-2021-01-01.all-rows"):
        made = make_split(f"{name}.{protocol}", tmp_path)
        folder = tmp_path / "splits" / f"{name}.{protocol}"
        groups = pd.read_csv(folder / "users.csv", index_col="user")["group"]
        assert ((groups == "core") == meant).all() and len(groups) == about["counts"]["users"]
        assert made["rows"]["test"] == 900 and read_json(folder / "audit.json")["groups"]["casual"]["tested"] == 800
        tests.append((folder / "test.csv").read_bytes())
    assert len(set(tests)) == 1
    train = pd.read_csv(tmp_path / "splits" / f"{name}.others" / "train.csv")
    assert not rows.loc[rows["user"].isin(train["user"]), ONLY_TESTED].any()
