"""Which settings of CPR go together. What each may be alone stands in `card.yaml`."""

from collections.abc import Mapping

from datasets.pipeline.errors import BadInput

STRATEGIES = ("l", "r")  # learned and random intervention


def check(settings: Mapping) -> None:
    """Refuse what no equation allows. `settings` holds every key of the card."""
    if settings["k"] >= settings["length"]:
        raise BadInput(f"CPR: k is {settings['k']}; it must be below the length of a list, {settings['length']}")
    if settings["baseline"] == "leave-one-out" and settings["actions"] < 2:
        raise BadInput(f"CPR: actions is {settings['actions']}; the baseline leave-one-out needs at least 2")
