import csv
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline import card as module
from datasets.pipeline.card import DATASETS, card, cards, load_card, variant_name, variants
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import parse_yaml

PRINTED = DATASETS.parent / "paper_tables" / "papers" / "casr" / "printed" / "table1.csv"


def test_every_folder_with_a_parser_has_a_card_and_the_other_way_round():
    parsers = {file.parent.name for file in DATASETS.glob("*/parse.py")}
    assert parsers == {card.folder.name for card in cards().values()}
    assert all(callable(card.parse) for card in cards().values())


def test_names_are_folder_names_with_dashes():
    assert all(name == card.folder.name.replace("_", "-") for name, card in cards().items())


def test_printed_counts_are_those_of_the_papers_table():
    with open(PRINTED, encoding="utf-8") as file:
        table = {row["dataset"]: row for row in csv.DictReader(file)}
    printed = {name: card.printed["casr"] for name, card in cards().items() if "casr" in card.printed}
    assert printed.keys() == table.keys()
    for name, counts in printed.items():
        for key in ("users", "items", "interactions"):
            assert counts[key] == int(table[name][key]), (name, key)


VARIANTS = {
    "kind": {"plain": "plain", "open": "open"},
    "open": {"shut": 0, "half-open": 0.5},
    "seed": {"s1": 1, "s2": 2},
}


@given(
    st.fixed_dictionaries(
        {key: st.sampled_from(list(tokens.values())) for key, tokens in card("cpr-synthetic").variants.items()}
    )
)
def test_a_variant_is_found_by_the_name_that_its_values_make(values):
    name = variant_name("cpr-synthetic", **values)
    found = card(name)
    assert (found.name, found.base, found.variant) == (name, "cpr-synthetic", values)
    assert name == "cpr-synthetic" or name in found.label.replace("CPR synthetic (", "cpr-synthetic-").rstrip(")")


def test_names_of_variants():
    name = "cpr-synthetic-linear-d32-noisy-printed-s3"
    values = {"feedback": "linear", "dim": 32, "noise": 0.2, "reading": "printed", "seed": 3}
    assert card(name).variant == values and variant_name("cpr-synthetic", **values) == name
    assert variant_name(name, dim=16, seed=1) == "cpr-synthetic-linear-noisy-printed"
    assert card("cpr-synthetic-negated").variant["reading"] == "negated"
    assert card("cpr-synthetic-closed-negated").variant["reading"] == "closed-negated"
    assert cards()["cpr-synthetic"] is card("cpr-synthetic") and len(variants(card("cpr-synthetic"))) == 1120
    assert card("lastfm").base == "lastfm" and not card("lastfm").variant


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dim": 64}, "does not come with dim 64: cpr-synthetic offers, in this order, feedback -linear; dim -d32;"),
        ({"colour": "red"}, "does not come with colour 'red'"),
    ],
)
def test_a_variant_that_is_not_there_is_answered_with_what_is(values, said):
    with pytest.raises(BadInput, match=said):
        variant_name("cpr-synthetic", **values)
    with pytest.raises(BadInput, match="lastfm has no variants"):
        variant_name("lastfm", **values)


@pytest.mark.parametrize(
    "name", ["cpr-synthetic-d32-linear", "cpr-synthetic-d16", "cpr-synthetic-s21", "cpr-synthetic-"]
)
def test_only_whole_names_in_order_are_known(name):
    with pytest.raises(BadInput, match=f"unknown data set '{name}': cpr-synthetic offers"):
        card(name)


def test_variants_with_one_name_are_refused(make_card):
    assert set(variants(make_card(variants=VARIANTS))) >= {"tiny", "tiny-open-half-open-s2"}
    twice = {"kind": {"plain": 0, "a-b": 1, "a": 2}, "open": {"shut": 0, "b": 1}}
    with pytest.raises(BadInput, match="two of them have one name"):
        make_card(variants=twice)


def test_data_without_time_says_so_as_an_assumption():
    for about in cards().values():
        if not about.has_time:
            assert "order" in {assumption["id"] for assumption in about.assumptions}, about.name
            assert "time" not in about.orders


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"recipe": [{"k_cores": {"users": 5, "items": 5}}]}, "k_cores"),
        ({"recipe": [{"k_core": {"users": 5}}]}, "recipe.0.k_core"),
        ({"has_time": "perhaps"}, "has_time"),
        ({"default_order": "weight"}, "default_order"),
        ({"downloads": [{"file": "a.zip", "holds": [{"file": "a", "sha256": ["zz"]}]}]}, "sha256"),
        ({"downloads": [{"file": "a.zip", "urls": ["file:///etc/passwd"], "holds": [{"file": "a"}]}]}, "urls"),
    ],
)
def test_a_wrong_card_is_refused_by_file_and_key(make_card, changes, named):
    with pytest.raises(BadInput, match=named) as refusal:
        make_card(**changes)
    assert "card.yaml" in str(refusal.value)


def test_yaml_that_would_run_code_is_refused(make_card, tmp_path: Path):
    make_card()
    (tmp_path / "tiny" / "card.yaml").write_text("name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(BadInput, match="card.yaml"):
        load_card(tmp_path / "tiny")


def test_a_key_that_stands_twice_is_refused_by_its_line(make_card, tmp_path: Path):
    make_card()
    file = tmp_path / "tiny" / "card.yaml"
    file.write_text(file.read_text() + "recipe:\n  - min_rating: 3\n")
    with pytest.raises(
        BadInput, match=r"card.yaml: not readable as YAML: the key 'recipe' stands twice, first in line"
    ):
        load_card(tmp_path / "tiny")
    assert parse_yaml("{a: {b: 1}, c: {b: 2}, d: [{b: 1}, {b: 2}]}")["c"] == {"b": 2}


def test_folders_of_editors_are_no_data_sets_and_copies_are_refused(make_card, tmp_path: Path, monkeypatch):
    make_card()
    monkeypatch.setattr(module, "DATASETS", tmp_path)
    shutil.copytree(tmp_path / "tiny", tmp_path / ".ipynb_checkpoints")
    assert list(cards.__wrapped__()) == ["tiny"]
    shutil.copytree(tmp_path / "tiny", tmp_path / "tiny_old")
    with pytest.raises(BadInput, match="tiny_old/card.yaml: name: 'tiny' is that of tiny/ already"):
        cards.__wrapped__()
