"""Checks of a paper's part of a scale (`papers:` in config/<scale>.yaml). Complaints name the file and the key."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from datasets.pipeline.card import card, cards
from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import Schema, refuse, unknown
from methods.cards import load_card

SEEDS = {  # a generator of torch or NumPy takes as many
    "type": "array",
    "items": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    "minItems": 1,
    "uniqueItems": True,
}


def keys(**schemas: Schema) -> Schema:
    """Keys with values, none of which has to be there."""
    return {"type": "object", "additionalProperties": False, "properties": schemas}


def some_of(allowed: Iterable, at_least: int = 0) -> Schema:
    """A list of what is allowed, none of it twice."""
    return {"type": "array", "items": {"enum": list(allowed)}, "minItems": at_least, "uniqueItems": True}


def by_dataset(schema: Schema) -> Schema:
    """Data set -> something. Which data sets there are is checked where they are read."""
    return {"type": "object", "additionalProperties": schema}


def part_of(scale: Mapping, paper: str, schema: Schema) -> tuple[str, Mapping]:
    """(the file as complaints name it, the scale's `papers: <paper>:`), which the schema allows."""
    file = f"config/{scale.get('scale', '?')}.yaml"
    part = (scale.get("papers") or {}).get(paper)
    if not isinstance(part, Mapping):
        raise BadInput(f"{file}: key papers.{paper} is missing; write there which data sets to run")
    refuse(file, part, schema, f"papers.{paper}")
    return file, part


def seeds_of(file: str, paper: str, scale: Mapping, *parts: Mapping) -> tuple[int, ...]:
    """The seeds of the first part that names some, else the scale's own."""
    found = next((part["seeds"] for part in parts if "seeds" in part), scale.get("seeds"))
    refuse(file, found, SEEDS, f"papers.{paper}: seeds, here or at the top of the file,")
    return tuple(found)


ON_DEMAND = ("dose",)  # a target of this name needs a key of this name


def asked(scale: Mapping, paper: str, targets: Sequence[str]) -> tuple[str, ...]:
    """Those of a paper's tables and figures that the scale makes, in their order: all where it names none, but for what
    only a scale makes that says of what."""
    part = scale["papers"][paper]
    chosen = part.get("targets", targets)
    inside(f"config/{scale.get('scale', '?')}.yaml", f"papers.{paper}.targets", chosen, targets)
    return tuple(target for target in targets if target in chosen and (target not in ON_DEMAND or target in part))


def known_dataset(file: str, key: str, name: str) -> None:
    """Refuse a data set that has no card."""
    if said := _dataset_fault(name):
        raise BadInput(f"{file}: {key}: {said}")


@cache
def _dataset_fault(name: str) -> str:
    try:
        card(name)
    except BadInput as error:
        near = unknown("data set", name, cards())
        return near if "did you mean" in near else str(error)
    return ""


method_card = cache(load_card)


def inside(file: str, key: str, chosen: Sequence, allowed: Iterable) -> None:
    """Refuse what is not among the scale's own data sets, or the like."""
    known = list(allowed)
    for one in chosen:
        if one not in known:
            raise BadInput(f"{file}: {key}: {unknown('value', one, known)}")


def setting_values(file: str, key: str, method: str, setting: str, values: Iterable) -> None:
    """Refuse values that a setting of a method may not have."""
    about = method_card(method)
    for value in values:
        if said := about.fault(setting, value):
            raise BadInput(f"{file}: {key}: {said}")
