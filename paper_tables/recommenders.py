"""Which recommenders there are besides those that a paper prints."""

from collections.abc import Iterable, Sequence
from functools import cache

from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import unknown
from methods.cards import cards, load_card
from paper_tables.printed_rows import printed_rows
from paper_tables.spec.paper import papers

CONTROLS = ("popularity", "item-knn", "repeat-last")  # the harness's own; papers call some of them by other names


@cache
def recommenders() -> dict[str, str]:
    """Name -> family of every method that ranks items by itself."""
    return {name: card.family for name, card in cards().items() if card.kind in ("recommender", "external")}


@cache
def own_methods() -> tuple[str, ...]:
    """A user's own recommenders: every folder of methods/ whose card says that it is one, and that no paper prints."""
    printed = {row["anchor"] for paper in papers() for row in printed_rows(paper)}
    return tuple(name for name in recommenders() if name not in {*printed, *CONTROLS})


def other_methods(paper: str, own: Iterable[str], named: Sequence[str], printed: Iterable[str]) -> tuple[str, ...]:
    """What stands in a paper's main table besides what it prints: one's `own` methods, and those that the scale has
    `named`. Raises BadInput for a named one that does not exist or stands there anyway."""
    allowed = [name for name in recommenders() if name not in {*printed, *CONTROLS}]
    for name in named:
        if name not in allowed:
            raise BadInput(f"papers.{paper}.others: {unknown('method', name, allowed)}")
    return tuple(dict.fromkeys((*own, *named)))


@cache
def searched(treatment: str) -> frozenset[str]:
    """The settings of a treatment that a search may choose."""
    return frozenset(load_card(treatment).search)
