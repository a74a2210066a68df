"""Lists on their way through prepare, audit and split: no later job may see what is held out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.audit import audit
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, write_json
from datasets.pipeline.lists import Lists, before, lists_from
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.prepare import build_tables, prepare
from datasets.pipeline.split import make_split, training_lists

NAMES = ["cpr-synthetic", "cpr-synthetic-linear-d32-noisy-printed-s3"]
LISTS = Lists(
    np.array(["u9", "u1", "u9"], object),
    np.array([0, 2, 4, 6]),
    np.array(["c", "a", "a", "b", "d", "c"], object),
    np.array([True, False, True, False, False, True]),
    np.array([50, 10, 70]),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name in NAMES:
        prepare(card(name), folder)
        make_split(f"{name}.loo", folder)
    return folder


def pairs(table: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(table["user"].tolist(), table["item"].tolist(), strict=True))


def parts(results, name: str) -> dict[str, set]:
    folder = results / "splits" / f"{name}.loo"
    return {part: pairs(pd.read_csv(folder / f"{part}.csv")) for part in ("train", "validation", "test", "candidates")}


@pytest.mark.parametrize("name", NAMES)
def test_no_held_out_pair_is_in_the_lists_and_all_else_is(results, name):
    part = parts(results, name)
    lists = pd.read_parquet(results / "splits" / f"{name}.loo" / "lists.parquet")
    whole = pd.read_parquet(results / "data" / name / "lists.parquet")
    held_out = part["validation"] | part["test"]
    assert held_out and not pairs(lists) & held_out
    assert pairs(whole) - held_out == pairs(lists)
    assert pairs(lists[lists["chosen"]]) == part["train"]
    about = read_json(results / "splits" / f"{name}.loo" / "split.json")
    assert len(lists_from(lists)) == about["lists"]


@pytest.mark.parametrize("name", NAMES)
def test_candidates_are_in_no_part_of_their_user(results, name):
    part = parts(results, name)
    assert not part["candidates"] & (part["train"] | part["validation"] | part["test"])
    counts = pd.Series([user for user, _ in part["candidates"]]).value_counts()
    assert set(counts.index) == {user for user, _ in part["test"]} and (counts == 99).all()


def test_the_digest_follows_lists_and_candidates(results, tmp_path):
    name = NAMES[0]
    data, digest = tmp_path / "data" / name, read_json(results / "splits" / f"{name}.loo" / "split.json")["digest"]
    data.mkdir(parents=True)
    for file in (results / "data" / name).iterdir():
        (data / file.name).write_bytes(file.read_bytes())
    assert make_split(f"{name}.loo", tmp_path)["digest"] == digest
    lists = pd.read_parquet(data / "lists.parquet")
    left = parts(results, name)["train"]
    place = next(row for row, pair in enumerate(zip(lists["user"], lists["item"], strict=True)) if pair in left)
    lists.loc[place, "chosen"] = ~lists.loc[place, "chosen"]
    lists.to_parquet(data / "lists.parquet", index=False)
    about = read_json(data / "data.json")
    write_json(data / "data.json", about | {"contents": about["contents"] | contents(data / "lists.parquet")})
    assert make_split(f"{name}.loo", tmp_path)["digest"] != digest


@given(
    shown=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=8),
    held=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=5),
    cut=st.integers(0, 9),
)
@settings(deadline=None, max_examples=40)
def test_training_lists_are_those_before_the_cut_less_what_is_held_out(shown, held, cut):
    offsets = np.concatenate([[0], np.cumsum([len(items) for items in shown])])
    flat = np.concatenate([np.array(items) for items in shown])
    lists = Lists(np.arange(len(shown)) % 3, offsets, flat, flat % 2 > 0, np.arange(len(shown)))
    held_out = pd.DataFrame(held, columns=["user", "item"], dtype=np.int64)
    found = training_lists(lists, held_out, (cut, cut + 5)).table()
    expected = [
        (number % 3, item, bool(item % 2), number)
        for number, items in enumerate(shown)
        for item in items
        if number < cut and (number % 3, item) not in held
    ]
    assert list(found[["user", "item", "chosen", "time"]].itertuples(index=False, name=None)) == expected


def test_lists_without_time_have_no_time_line():
    with pytest.raises(BadInput, match="lists without a time"):
        before(replace(LISTS, times=None), 5)


def test_users_and_items_are_numbered_over_lists_and_interactions(make_card):
    rows = pd.DataFrame({"user": ["u9", "u0", "u1"], "item": ["c", "e", "a"]})
    tables, _ = build_tables(make_card(), Parsed(rows, lists=LISTS))
    assert tables["users"]["original"].tolist() == ["u0", "u1", "u9"]
    assert tables["items"]["original"].tolist() == ["a", "b", "c", "d", "e"]
    assert tables["interactions"][["user", "item"]].to_numpy().tolist() == [[0, 4], [1, 0], [2, 2]]
    lists = tables["lists"]
    assert lists["list"].tolist() == [0, 0, 1, 1, 2, 2] and lists["time"].tolist() == [50, 50, 10, 10, 70, 70]
    assert lists["user"].tolist() == [2, 2, 1, 1, 2, 2] and lists["item"].tolist() == [2, 0, 0, 1, 3, 2]
    assert lists["chosen"].tolist() == LISTS.chosen.tolist()


def test_an_empty_list_is_refused_by_its_number(make_card):
    empty = replace(LISTS, offsets=np.array([0, 2, 2, 6]))
    with pytest.raises(BadInput, match="tiny: list 1 holds no item"):
        build_tables(make_card(), Parsed(pd.DataFrame({"user": ["u1"], "item": ["a"]}), lists=empty))


def test_the_audit_looks_at_lists_too(results):
    found = {finding["check"] for finding in audit(card(NAMES[0]), results)}
    assert {"share of chosen", "pairs shown again", "short histories"} <= found
