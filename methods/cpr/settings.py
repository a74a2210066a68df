"""What the settings of CPR may be. Their names and defaults stand in `card.yaml`."""

import math
from collections.abc import Mapping

from datasets.pipeline.errors import BadInput

STRATEGIES = ("l", "r")  # learned and random intervention
CHOICES = {
    "baseline": ("none", "leave-one-out"),
    "loss": ("own", "pairwise", "pointwise"),
    "retrain_on": ("mixed", "generated"),
}
COUNTS = (
    "length",
    "k",
    "exposure_embedding",
    "choice_embedding",
    "epochs",
    "batch",
    "negatives",
    "draws",
    "posterior_steps",
    "posterior_draws",
    "posterior_batch",
    "hidden",
    "policy_steps",
    "actions",
    "rounds",
    "lists",
    "retrain_batch",
    "patience",
)
POSITIVE = (
    "learning_rate",
    "initial_std",
    "posterior_learning_rate",
    "policy_learning_rate",
    "exploration",
    "retrain_learning_rate",
)
WEIGHTS = ("regularisation", "retrain_regularisation")


def check(settings: Mapping) -> None:
    """Refuse what no equation allows. `settings` holds every key of the card."""
    for key in COUNTS:
        whole = isinstance(settings[key], int) and not isinstance(settings[key], bool)
        _require(whole and settings[key] >= 1, settings, key, "a whole number from 1")
    for key in POSITIVE:
        _require(_number(settings[key]) and settings[key] > 0, settings, key, "a finite number above 0")
    for key in WEIGHTS:
        _require(_number(settings[key]) and settings[key] >= 0, settings, key, "a finite number from 0")
    for key, known in CHOICES.items():
        _require(settings[key] in known, settings, key, " or ".join(known))
    _require(isinstance(settings["retrain_may_stay"], bool), settings, "retrain_may_stay", "true or false")
    _require(settings["k"] < settings["length"], settings, "k", f"below the length of a list, {settings['length']}")
    if settings["baseline"] == "leave-one-out":
        _require(settings["actions"] >= 2, settings, "actions", "at least 2 for the baseline leave-one-out")


def _require(holds: bool, settings: Mapping, key: str, expected: str) -> None:
    if not holds:
        raise BadInput(f"CPR: {key} is {settings[key]!r}; it must be {expected}")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
