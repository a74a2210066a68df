"""Each paper's list of assumptions is whole, and the card of its treatment refers to it."""

from pathlib import Path

import pytest
import yaml

from methods.cards import load_card

FILES = sorted((Path(__file__).parents[2] / "paper_tables").glob("papers/*/assumptions.yaml"))


@pytest.fixture(params=FILES, ids=lambda file: file.parent.name)
def paper(request):
    """(name, its assumptions)."""
    return request.param.parent.name, yaml.safe_load(request.param.read_text(encoding="utf-8"))


def test_every_assumption_says_what_was_asked_chosen_and_why(paper):
    _, assumptions = paper
    assert len({each["id"] for each in assumptions}) == len(assumptions) > 0
    for each in assumptions:
        assert list(each) == ["id", "question", "choice", "reason", "setting"], each["id"]
        assert all(isinstance(value, str) and value.strip() for value in each.values()), each["id"]


def test_the_card_refers_to_assumptions_that_exist(paper):
    name, assumptions = paper
    assert set(load_card(name).assumptions) <= {each["id"] for each in assumptions}
