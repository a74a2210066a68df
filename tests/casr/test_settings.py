"""The card of CASR holds nothing that its equations do not allow."""

from methods.cards import load_card
from methods.casr.settings import check


def test_defaults_and_grids_of_the_card_are_possible_settings():
    card = load_card("casr")
    for strategy in card.strategies:
        check(strategy, card.settings)
        for key, grid in card.search.items():
            for value in grid:
                check(strategy, card.configured({key: value}))
