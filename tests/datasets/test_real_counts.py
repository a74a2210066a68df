"""The recipes on real raw files, from the folder that WHATIFREC_RAW names."""

import json

import pandas as pd
import pytest

from datasets.pipeline.audit import audit
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import fetch
from datasets.pipeline.prepare import prepare


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
