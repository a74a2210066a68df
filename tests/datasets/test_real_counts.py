"""The recipes on real raw files, from the folder that WHATIFREC_RAW names."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from datasets.pipeline.audit import audit
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import fetch
from datasets.pipeline.files import read_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split


@pytest.fixture
def prepared(real_raw, tmp_path):
    """A function that prepares a data set from the real files, or skips where they are not there."""

    def prepared(name):
        about = card(name)
        needed = [file.file for entry in about.downloads for file in (entry.archive, *entry.holds)]
        folders = [real_raw / folder for folder in (*about.raw_folders, name)]
        if not any((folder / file).exists() for folder in folders for file in needed):
            pytest.skip(f"{real_raw} has no raw files of {name}")
        fetch(about, tmp_path / "store", raw=real_raw, accept_unverified=True)
        return prepare(about, tmp_path, tmp_path / "store")

    return prepared


@pytest.mark.parametrize("name", ["lastfm", "movielens-1m", "amazon-beauty", "amazon-baby", "amazon-video", "jester"])
def test_the_recipe_gives_the_printed_counts_less_the_padding(prepared, name):
    counts, printed = prepared(name)["counts"], card(name).printed["casr"]
    assert (counts["users"], counts["items"], counts["interactions"]) == (
        printed["users"] - 1,
        printed["items"] - 1,
        printed["interactions"],
    )


def test_the_audit_finds_the_order_of_lastfm(prepared, tmp_path):
    prepared("lastfm")
    found = {finding["check"]: finding for finding in audit(card("lastfm"), tmp_path)}
    assert found["monotone identifiers"]["value"] == 1.0
    assert {found[check]["level"] for check in ("monotone identifiers", "position predicts item")} == {"error"}


def test_titles_are_read_back(prepared, tmp_path):
    prepared("movielens-1m")
    items = pd.read_parquet(tmp_path / "data" / "movielens-1m" / "items.parquet").set_index("original")
    assert items["title"].notna().all() and items["category"].notna().all()
    assert items.loc[2692, "title"] == "Run Lola Run (Lola rennt) (1998)"


def test_a_rebuilt_file_needs_a_word_and_is_marked(real_raw, prepared, tmp_path):
    if prepared("movielens-1m")["verified"]:
        pytest.skip("the ratings there are the original ones")
    assert json.loads((tmp_path / "data" / "movielens-1m" / "data.json").read_text())["verified"] is False
    with pytest.raises(BadInput, match="77a7c4b150f588c23bb9e1f068aa996c0b413695"):
        fetch(card("movielens-1m"), tmp_path / "store", raw=real_raw)


def test_the_sample_of_foursquare_is_read(real_raw):
    sample = real_raw / "foursquare-sample" / "dataset_TSMC2014_TKY.SAMPLE.csv"
    if not sample.exists():
        pytest.skip(f"{sample} is not there")
    found = card("foursquare").parse({"dataset_TSMC2014_TKY.txt": sample})
    assert len(found.interactions) == 1999 and found.items["category"].notna().all()


@pytest.mark.parametrize(
    ("split", "rows", "meta", "tested", "changed"),
    [
        ("amazon-beauty.cut-2013-06-01", 93_801, 776, {"core": 2636, "casual": 5302}, 0.26),
        ("ciao.cut-2009-01-01", 159_745, 184, {"core": 381, "casual": 132}, 0.28),
        ("movielens-100k-all.loo", 98_114, 66, {"core": 283, "casual": 660}, None),
    ],
)
def test_groups_of_the_sets_that_stand_in_for_those_of_l2aug(prepared, tmp_path, split, rows, meta, tested, changed):
    prepared(split.split(".")[0])
    about = make_split(split, tmp_path)
    audited = read_json(tmp_path / "splits" / split / "audit.json")
    held_out = {"validation": sum(tested.values()), "test": sum(tested.values()), "histories": meta}
    assert about["rows"] == {"train": rows - meta, **held_out}
    assert {group: audited["groups"][group]["tested"] for group in tested} == tested
    assert changed is None or round(audited["changed"]["share"], 2) == changed


def test_by_the_gap_of_thirty_days_no_user_of_movielens_100k_is_casual(prepared, tmp_path, monkeypatch):
    prepared("movielens-100k-all")
    about = replace(card("movielens-100k-all"), groups={"loo": {"activity": {"gap_days": 30}}})
    monkeypatch.setattr("datasets.pipeline.split_name.card", lambda name: about)
    with pytest.raises(BadInput, match=r"movielens_100k/card.yaml, groups.loo no user is casual.*change the rule"):
        make_split("movielens-100k-all.loo", tmp_path)


def audited(prepared, tmp_path, name):
    prepared(name)
    return {finding["check"]: (finding["level"], finding["value"]) for finding in audit(card(name), tmp_path)}


def test_the_audit_of_gpt4_books_ends_in_errors(prepared, tmp_path):
    found = audited(prepared, tmp_path, "gpt4-books")
    wrong = {check for check, (level, _) in found.items() if level == "error"}
    assert wrong >= {
        "constant held-out decisions", "one answer in the test", "constant steps", "few different rows of answers",
        "step tells the answer", "first answers tell the others", "observations without structure",
    }  # fmt: skip
    assert found["one answer in the test"][1] == pytest.approx(0.93227, abs=1e-5)


def test_coat_has_the_answers_of_its_paper_and_no_order(prepared, tmp_path):
    found = audited(prepared, tmp_path, "coat")
    assert found["order of answers"][0] == "warning" and "error" not in {level for level, _ in found.values()}
    assert make_split("coat.decisions", tmp_path)["decisions"] == {"test": 870, "validation": 870}
