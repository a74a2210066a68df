import csv
from pathlib import Path

import pytest

from datasets.pipeline.card import DATASETS, cards, load_card
from datasets.pipeline.errors import BadInput

PRINTED = DATASETS.parent / "paper_tables" / "casr" / "reported" / "table1.csv"


def test_every_folder_with_a_parser_has_a_card_and_the_other_way_round():
    parsers = {file.parent.name for file in DATASETS.glob("*/parse.py")}
    assert parsers == {card.folder.name for card in cards().values()}
    assert all(callable(card.parse) for card in cards().values())


def test_names_are_folder_names_with_dashes():
    assert all(name == card.folder.name.replace("_", "-") for name, card in cards().items())


def test_printed_counts_are_those_of_the_papers_table():
    with open(PRINTED, encoding="utf-8") as file:
        table = {row["dataset"]: row for row in csv.DictReader(file)}
    printed = {name: card.printed for name, card in cards().items() if card.printed}
    assert printed.keys() == table.keys()
    for name, counts in printed.items():
        for key in ("users", "items", "interactions"):
            assert counts[key] == int(table[name][key]), (name, key)


def test_data_without_time_says_so_as_an_assumption():
    for card in cards().values():
        if not card.has_time:
            assert "order" in {assumption["id"] for assumption in card.assumptions}, card.name
            assert "time" not in card.orders


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
