"""What a stranger may send: refused with its reason where it cannot be right, and the rest is taken."""

import os

import pandas as pd
import pytest

from datasets.pipeline.files import contents, read_json, write_json
from paper_tables.results import read_result
from tests.workflow.conftest import SPLIT, results
from tests.workflow.test_merge import CELL, change, only, result
from workflow import foreign
from workflow.merge import NOT_CHECKABLE, REFUSED, TAKEN, merge

METRICS = ("seeds", "1", "metrics", "test", "kept")


def put(content, keys, value) -> None:
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = value


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        ((*METRICS, "ndcg@5"), 0.99, "seed 1: test kept ndcg@5 is 0.99, its ranks give 0."),
        ((*METRICS, "ndcg@5"), 7.5, "greater than the maximum"),
        ((*METRICS, "ndcg@5"), "0.3", "not of type 'number'"),
        ((*METRICS, "ndcg@5"), None, "not of type 'number'"),
        ((*METRICS, "ndcg@5"), True, "not of type 'number'"),
        (METRICS, {}, "non-empty"),
        (("seeds", "../../x"), {}, "does not match"),
        (("seeds",), [], "not of type 'object'"),
        (("seeds", "1", "train_seconds"), -3, "less than the minimum"),
        (("seeds", "1", "digest"), "a" * 300, "too long"),
        (("status",), "great", "not one of"),
        (("settings", "anchor"), {"mine": 1}, "anchor.mine"),
        (("provenance", "split", "users"), 5, "not of a split of 5 users"),
        (("provenance", "merged"), [{}], "'from' is a required property"),
        (("provenance",), {}, "'code' is a required property"),
    ],
)
def test_what_cannot_be_is_refused_and_named(here, there, keys, value, reason):
    change(result(there), lambda content: put(content, keys, value))
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and reason in refused.why, refused.why
    assert not result(here).exists() and not list(results(here).glob("cells/**/*.parquet"))


@pytest.mark.parametrize("damage", ["users", "targets", "rows", "columns", "text", "negative", "huge"])
def test_ranks_that_cannot_be_are_refused_although_their_checksum_fits(here, there, damage):
    file = result(there).parent / "seed-1.ranks.parquet"
    ranks = pd.read_parquet(file)
    changed = {
        "users": lambda: ranks.assign(user=ranks["user"] + 1),
        "targets": lambda: ranks.assign(target=(ranks["target"] + 1) % 15),
        "rows": lambda: ranks.iloc[1:],
        "columns": lambda: ranks.drop(columns="above_kept"),
        "text": lambda: ranks.assign(above_kept="x"),
        "negative": lambda: ranks.assign(above_kept=-1),
        "huge": lambda: ranks.assign(above_kept=10**9),
    }[damage]()
    changed.to_parquet(file, index=False)
    change(result(there), lambda content: content["seeds"]["1"]["contents"].update(contents(file)))
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and not result(here).exists(), refused


def test_ranks_that_were_swapped_on_the_way_are_refused(here, there):
    one, two = (result(there).parent / f"seed-{seed}.ranks.parquet" for seed in (1, 2))
    one.write_bytes(pd.read_parquet(two).iloc[::-1].to_parquet())
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and "changed since it was written" in refused.why


@pytest.mark.parametrize("name", ["result.json", "seed-1.ranks.parquet"])
def test_links_and_files_without_end_are_refused(here, there, tmp_path, monkeypatch, name):
    file = result(there).parent / name
    kept = tmp_path / "elsewhere"
    file.rename(kept)
    file.symlink_to(kept)
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and "a link out of the folder" in refused.why
    file.unlink()
    with open(file, "wb") as stream:
        stream.truncate(300 << 20)  # takes no space
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and "300 MiB, where at most" in refused.why


def test_one_bad_cell_is_named_and_the_rest_is_taken(here, there):
    bad = result(there, f"casr/{SPLIT}/narm")
    bad.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"status": "done", "seeds": {"1": {"metrics": NaN}}}', "\x00" * 99):
        bad.write_text(text)
        found = {outcome.identifier: outcome for outcome in merge(here.scale, results(there))}
        assert found[f"casr/{SPLIT}/narm"].what == REFUSED and "narm/result.json" in found[f"casr/{SPLIT}/narm"].why
        assert result(here).is_file()


def test_verified_is_what_this_machine_says(here, there):
    about = read_json(here.splits / "split.json")
    write_json(here.splits / "split.json", about | {"verified": False})
    assert only(merge(here.scale, results(there))).what == TAKEN
    assert read_json(result(there))["provenance"]["split"]["verified"] is True
    assert read_json(result(here))["provenance"]["split"]["verified"] is False
    assert "unverified source" in read_result(here.cell("popularity"), results(here)).flags


def test_data_that_needs_raw_files_is_not_verified_by_a_stranger(tmp_path):
    assert not foreign.verified_here(tmp_path, "lastfm") and foreign.verified_here(tmp_path, "synthetic")


@pytest.mark.parametrize("name", ["../../../escaped", "/escaped"])
def test_names_in_a_stranger_s_data_are_no_paths(here, there, tmp_path, name):
    folder = results(there)
    known = {"counts": {"users": 1}, "verified": True}
    write_json(folder / "data.json", {"synthetic": {name: known, "data": known}, name: {"data": known}})
    before = {file for file in tmp_path.rglob("*")}
    merge(here.scale, folder)
    new = {str(file.relative_to(tmp_path)) for file in {*tmp_path.rglob("*")} - before}
    assert all(each.startswith("here/results/mini/") for each in new) and not any("escaped" in each for each in new)


def test_malformed_data_is_named_and_the_cells_are_taken(here, there):
    write_json(results(there) / "data" / "synthetic" / "data.json", {"counts": {"users": "many"}, "verified": True})
    found = {outcome.identifier: outcome for outcome in merge(here.scale, results(there))}
    assert found[CELL].what == TAKEN and found["data of synthetic"].what == REFUSED
    assert not (results(here) / "data" / "synthetic" / "data.json").exists()


def test_what_comes_without_ranks_is_taken_and_marked(here, there):
    for file in result(there).parent.glob("*.parquet"):
        os.remove(file)
    outcome = only(merge(here.scale, results(there)))
    assert outcome.what == TAKEN and NOT_CHECKABLE in outcome.why
    (record,) = read_json(result(here))["provenance"]["merged"]
    assert record["not checkable"] == ["1", "2"]
    assert "ranks missing: not checkable" in read_result(here.cell("popularity"), results(here)).flags
