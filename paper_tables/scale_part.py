"""Checks of a paper's part of a scale (`papers:` in config/<scale>.yaml). Every complaint names the key at fault."""

from collections.abc import Mapping, Sequence

from datasets.pipeline.errors import BadInput


def part_of(scale: Mapping, paper: str, keys: object) -> tuple[str, Mapping]:
    """(where it stands, the scale's `papers: <paper>:`), whose keys are among `keys`."""
    name = scale.get("scale", "?")
    part = (scale.get("papers") or {}).get(paper)
    if not isinstance(part, Mapping):
        raise BadInput(f"scale '{name}': key papers.{paper} is missing; write there which data sets to run")
    where = f"scale '{name}', papers.{paper}"
    known(where, part, keys)
    return where, part


ON_DEMAND = ("dose",)  # a target of this name needs a key of this name


def asked(scale: Mapping, paper: str, targets: Sequence[str]) -> tuple[str, ...]:
    """Those of a paper's tables and figures that the scale makes, in their order: all where it names none, but for what
    only a scale makes that says of what."""
    where, part = f"scale '{scale.get('scale', '?')}', papers.{paper}", scale["papers"][paper]
    chosen = choice(where, part, "targets", targets)
    return tuple(target for target in targets if target in chosen and (target not in ON_DEMAND or target in part))


def choice(where: str, part: Mapping, key: str, allowed: Sequence) -> tuple:
    """The list under `key`, each of which is allowed; all of them where the scale says nothing."""
    chosen = part.get(key, allowed)
    if isinstance(chosen, str) or not isinstance(chosen, Sequence):
        raise BadInput(f"{where}.{key}: expected a list, got {chosen!r}")
    inside(f"{where}.{key}", chosen, allowed)
    return tuple(chosen)


def whole_numbers(where: str, found: object, key: str = "seeds") -> tuple[int, ...]:
    """A list of whole numbers that is not empty."""
    if not isinstance(found, Sequence) or not found or not all(isinstance(number, int) for number in found):
        raise BadInput(f"{where}: {key} is {found!r}; expected a list of whole numbers, here or at the top of the file")
    return tuple(found)


def known(where: str, part: object, allowed: object) -> None:
    """Refuse what is no mapping, or has a key that is not allowed."""
    if not isinstance(part, Mapping):
        raise BadInput(f"{where}: expected a mapping, got {part!r}")
    inside(where, tuple(part), allowed)


def inside(where: str, chosen: Sequence, allowed: object) -> None:
    for one in chosen:
        if one not in allowed:
            raise BadInput(f"{where}: unknown '{one}'; expected some of {', '.join(map(str, allowed))}")
