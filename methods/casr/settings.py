"""What the settings of CASR may be. Their names and defaults stand in `card.yaml`."""

import math
from collections.abc import Mapping

from datasets.pipeline.errors import BadInput

STRATEGIES = ("h", "d", "m")


def check(strategy: str, settings: Mapping) -> None:
    """Refuse what no equation allows. `settings` holds every key of the card."""
    if strategy not in STRATEGIES:
        raise BadInput(f"CASR has no strategy '{strategy}'; one of {', '.join(STRATEGIES)}")
    _require(_whole(settings["index"]) and settings["index"] < 0, settings, "index", "a whole number below 0")
    _require(_number(settings["share"]) and 0 <= settings["share"] <= 1, settings, "share", "a share from 0 to 1")
    _require(_number(settings["kappa"]) and 0 <= settings["kappa"] <= 1, settings, "kappa", "a probability, 0 to 1")
    for key in ("rounds", "steps"):
        _require(_whole(settings[key]) and settings[key] >= 1, settings, key, "a whole number from 1")
    for key in ("alpha", "beta", "tau"):
        _require(_number(settings[key]) and settings[key] >= 0, settings, key, "a finite number from 0")
    _require(_number(settings["rate"]) and settings["rate"] > 0, settings, "rate", "a finite number above 0")
    _require(isinstance(settings["retrain_may_stay"], bool), settings, "retrain_may_stay", "true or false")
    _require(settings["candidates"] in ("all", "category"), settings, "candidates", "all or category")


def _require(holds: bool, settings: Mapping, key: str, expected: str) -> None:
    if not holds:
        raise BadInput(f"CASR: {key} is {settings[key]!r}; it must be {expected}")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
