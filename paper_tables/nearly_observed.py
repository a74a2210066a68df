"""When a generated set is so near to the observed data that a gain, or none, says little about what was generated."""

from collections.abc import Iterable, Mapping

import numpy as np

FLAG = "nearly the observed data"
# Where half of the labels are those that the data has anyway, most of the set repeats the data with a changed item.
LABELS = 0.5
# Where four of five sequences are refused, what is left are those of which the sampler was surest: the commonest ones.
REFUSED = 0.8
MEANING = (
    f"at least {LABELS:.0%} of the set's next items are the observed ones, or at least {REFUSED:.0%} of what was "
    "generated was refused"
)


def nearly_observed(cards: Iterable[Mapping]) -> bool:
    """By the cards of a cell's sets, one for each seed, on average. A set of which nothing is left is the plain anchor,
    which has a flag of its own; one whose treatment counts no labels and refuses nothing (CPR) is never meant."""
    counted = [card for card in cards if card.get("size") and card.get("observed_label") is not None]
    if not counted:
        return False
    labels = np.mean([card["observed_label"] for card in counted])
    refused = np.mean([1 - card["size"] / card["candidates"] for card in counted])
    return bool(labels >= LABELS or refused >= REFUSED)
