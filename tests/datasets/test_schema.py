"""One style for all complaints about what people write."""

import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import fault, refuse

RATE, COUNT = {"type": "number", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}
KEYS = {"type": "object", "additionalProperties": False, "properties": {"seeds": COUNT}, "required": ["seeds"]}


@pytest.mark.parametrize(
    ("content", "schema", "said"),
    [
        ("1e-3", RATE, "x is '1e-3'; it must be a number above 0 (for YAML that is a text: write it without quotes or"),
        (float("nan"), RATE, "x is NaN; it must be a number above 0"),
        (8.0, COUNT, "x is 8.0; it must be a whole number from 1"),
        (True, COUNT, "x is true; it must be a whole number from 1"),
        (1.5, {"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "x is 1.5; it must be a number from 0 below 1"),
        ("sofmax", {"enum": ["softmax", "no"]}, "x: unknown value 'sofmax'; did you mean 'softmax'? Known: "),
        (3, {"enum": ["softmax", "sampled"]}, "x is 3; it must be softmax or sampled"),
        ({"sead": 1}, KEYS, "x: unknown key 'sead'; did you mean 'seeds'? Known: seeds"),
        ({}, KEYS, "x: key 'seeds' is missing"),
        ({"seeds": 0}, KEYS, "x.seeds is 0; it must be a whole number from 1"),
        ([1, 1], {"type": "array", "items": COUNT, "uniqueItems": True}, "x is [1, 1]; it must be a list of whole"),
    ],
)
def test_a_complaint_says_key_value_and_what_is_allowed(content, schema, said):
    assert fault(content, schema, "x").startswith(said)


def test_what_is_allowed_is_not_refused():
    refuse("a.yaml", {"seeds": 3}, KEYS)
    with pytest.raises(BadInput, match=r"a\.yaml: seeds is 0;"):
        refuse("a.yaml", {"seeds": 0}, KEYS)
