"""Which settings go together."""

from collections.abc import Mapping

from datasets.pipeline.errors import BadInput


def check(settings: Mapping) -> None:
    if settings["baseline"] == "others" and settings["edits"] < 2:
        raise BadInput("edits is 1, and the baseline 'others' wants the rewards of others: set edits 2, or none")
