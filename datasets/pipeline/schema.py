"""What people write (cards, scales, options), checked against a JSON Schema. One style for all complaints: where, key,
value, what is allowed, and the nearest known word."""

import difflib
import json
import math
from collections.abc import Iterable, Mapping

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from datasets.pipeline.errors import BadInput

Schema = Mapping[str, object]

# Whole numbers are written without a point, and a number is finite.
_STRICT = {
    "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
}
_Checked = extend(Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(_STRICT))


def refuse(where: object, content: object, schema: Schema, key: str = "") -> None:
    """Raise BadInput for what is most at fault in `content`. where: the file; key: what `content` is in it."""
    said = fault(content, schema, key)
    if said:
        raise BadInput(f"{where}: {said}")


def fault(content: object, schema: Schema, key: str = "") -> str:
    """What is most at fault, in words; empty where nothing is."""
    found = best_match(_Checked(schema).iter_errors(content))
    return "" if found is None else _in_words(found, key)


def unknown(kind: str, word: object, known: Iterable[object]) -> str:
    """`unknown key 'sead'; did you mean 'seed'? Known: scale, seeds`."""
    words = list(map(str, known))
    near = difflib.get_close_matches(str(word), words, n=1)
    meant = f"; did you mean '{near[0]}'? Known: " if near else "; known: "
    return f"unknown {kind} '{word}'{meant}{', '.join(words) or 'none'}"


def _in_words(found: ValidationError, key: str) -> str:
    """A fault that jsonschema has found, for a person."""
    place = ".".join(part for part in (key, *map(str, found.absolute_path)) if part)
    before = f"{place}: " if place else ""
    if found.validator == "additionalProperties" and isinstance(found.validator_value, bool):
        known = found.schema.get("properties", {})
        return before + unknown("key", next(name for name in found.instance if name not in known), known)
    if found.validator == "required":
        return before + f"key '{next(name for name in found.validator_value if name not in found.instance)}' is missing"
    if "propertyNames" in found.absolute_schema_path:
        if "enum" in found.schema:
            return before + unknown("key", found.instance, found.schema["enum"])
        return before + f"key '{found.instance}' must be {allowed(found.schema)}"
    if found.validator == "enum" and isinstance(found.instance, str):
        return before + unknown("value", found.instance, found.validator_value)
    return f"{place or 'what it holds'} is {_shown(found.instance)}; it must be {allowed(found.schema)}{_hint(found)}"


def allowed(schema: Schema) -> str:
    """`a whole number from 1`, `a number above 0`, `a or b`, `a list of whole numbers, none of them twice`."""
    if {"pattern", "description"} <= {*schema}:
        return str(schema["description"])
    if "anyOf" in schema:
        return " or ".join(map(allowed, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(_plain, schema["enum"]))
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ["anything"])
    return " or ".join(_NAMES.get(kind, kind) for kind in kinds) + _limits(schema)


def _limits(schema: Schema) -> str:
    said = [text.format(_plain(schema[word])) for word, text in _LIMITS.items() if word in schema]
    of = f" of {_many(allowed(schema['items']))}" if "items" in schema else ""
    return of + "".join(said) + ", none of them twice" * bool(schema.get("uniqueItems"))


def _many(one: str) -> str:
    """`a whole number from 1` -> `whole numbers from 1`; what is no noun stays as it is."""
    for name in ("whole number", "number", "text", "list"):
        if one.startswith(f"a {name}"):
            return one.replace(f"a {name}", f"{name}s", 1)
    return one


_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}
_LIMITS = {
    "minimum": " from {}",
    "exclusiveMinimum": " above {}",
    "maximum": " to {}",
    "exclusiveMaximum": " below {}",
    "pattern": " that fits {}",
    "minItems": ", at least {}",
    "maxItems": ", at most {}",
    "minProperties": ", at least {}",
    "maxProperties": ", at most {}",
}


def _hint(found: ValidationError) -> str:
    """YAML reads `1e-3` and `10 %` as texts."""
    wants = found.schema.get("type")
    if not isinstance(found.instance, str) or wants not in ("number", "integer"):
        return ""
    return " (for YAML that is a text: write it without quotes or units, and 1e-3 as 1.0e-3)"


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
