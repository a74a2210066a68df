"""The list of assumptions is whole, and the card of CPR refers to it."""

from pathlib import Path

import yaml

from methods.cards import load_card
from methods.cpr.settings import check

FILE = Path(__file__).parents[2] / "paper_tables" / "cpr" / "assumptions.yaml"


def test_every_assumption_says_what_was_asked_chosen_and_why():
    assumptions = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert len({each["id"] for each in assumptions}) == len(assumptions) > 0
    for each in assumptions:
        assert list(each) == ["id", "question", "choice", "reason", "setting"], each["id"]
        assert all(isinstance(value, str) and value.strip() for value in each.values()), each["id"]


def test_the_card_refers_to_assumptions_that_exist():
    known = {each["id"] for each in yaml.safe_load(FILE.read_text(encoding="utf-8"))}
    assert set(load_card("cpr").assumptions) <= known


def test_defaults_and_printed_grids_are_possible_settings():
    card = load_card("cpr")
    check(card.settings)
    for key, grid in card.search.items():
        for value in grid:
            check(card.configured({key: value}))
