"""The card of CPR holds nothing that its equations do not allow."""

from methods.cards import load_card
from methods.cpr.settings import check


def test_defaults_and_printed_grids_are_possible_settings():
    card = load_card("cpr")
    check(card.settings)
    for key, grid in card.search.items():
        for value in grid:
            check(card.configured({key: value}))
