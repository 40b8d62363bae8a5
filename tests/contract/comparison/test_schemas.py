"""Comparison of schemas: every rule, and random schemas checked with a validator."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from comparison.document import Document
from comparison.schemas import SchemaComparison

EMPTY = Document({"paths": {}})

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}


def fields(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def differences(old: Any, new: Any, *directions: Any) -> dict[str, bool]:
    """Return the differences, and whether each is breaking."""
    return dict(SchemaComparison(EMPTY, EMPTY).compare(old, new, directions, "x"))


# Old schema, new schema, text, and whether the change breaks requests and responses.
SCHEMAS: list[tuple[Any, Any, str, bool, bool]] = [
    (fields(a=STRING), fields(), "field `x.a` removed", True, True),
    (fields(), fields(a=STRING), "optional field `x.a` added", False, False),
    (fields(), fields("a", a=STRING), "required field `x.a` added", True, False),
    (fields(a=STRING), fields(b=STRING), "field `x.a` renamed to `x.b`", True, True),
    (fields(a=STRING), fields("a", a=STRING), "field `x.a` is now required", True, False),
    (fields("a", a=STRING), fields(a=STRING), "field `x.a` is now optional", False, True),
    (STRING, {"type": "integer"}, "`x` type changed from string to integer", True, True),
    ({"type": "integer"}, {"type": "number"}, "`x` type changed from integer to number", False, True),
    ({"type": "number"}, {"type": "integer"}, "`x` type changed from number to integer", True, False),
    (STRING, {"type": ["string", "null"]}, "`x` type changed from string to string or null", False, True),
    ({}, STRING, "`x` type changed from any to string", True, False),
    (STRING, {**STRING, "format": "date-time"}, "`x` format changed from none to `date-time`", True, True),
    (STRING, {**STRING, "enum": ["a"]}, "`x` values limited to `a`", True, False),
    ({**STRING, "enum": ["a"]}, STRING, "`x` values no longer limited", False, False),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "`x` value `b` removed", True, False),
    ({"enum": ["a"]}, {"enum": ["b", "a"]}, "`x` value `b` added", False, False),
    (STRING, {**STRING, "maxLength": 5}, "`x` maxLength changed from none to `5`", True, False),
    ({**STRING, "maxLength": 5}, {**STRING, "maxLength": 4}, "`x` maxLength changed from `5` to `4`", True, False),
    ({**STRING, "maxLength": 5}, STRING, "`x` maxLength changed from `5` to none", False, False),
    (STRING, {**STRING, "minLength": 1}, "`x` minLength changed from none to `1`", True, False),
    ({**STRING, "minLength": 1}, STRING, "`x` minLength changed from `1` to none", False, False),
    (STRING, {**STRING, "pattern": "^a$"}, "`x` pattern changed from none to `^a$`", True, False),
    ({**STRING, "pattern": "^a$"}, STRING, "`x` pattern changed from `^a$` to none", False, False),
    (STRING, {**STRING, "default": "a"}, "`x` default changed from none to `a`", True, False),
    (STRING, {**STRING, "deprecated": True}, "`x` deprecated", False, False),
    (STRING, {**STRING, "writeOnly": True}, "`x` keyword `writeOnly` changed", True, True),
    ({"items": STRING}, {"items": {"type": "null"}}, "`x[]` type changed from string to null", True, True),
    (
        {},
        {"additionalProperties": STRING},
        "`x{}` type changed from any to string",
        True,
        False,
    ),
    ({"oneOf": [STRING]}, {"oneOf": [STRING, {"type": "null"}]}, "`x` alternative null added", False, True),
    ({"oneOf": [STRING, {"type": "null"}]}, {"oneOf": [STRING]}, "`x` alternative null removed", True, False),
    ({"oneOf": [STRING]}, {}, "`x` oneOf removed", True, True),
    ({"allOf": [STRING]}, {"allOf": [STRING, {}]}, "`x` allOf changed", True, True),
]


@pytest.mark.parametrize(
    ("old", "new", "text", "request_breaks", "response_breaks"), SCHEMAS, ids=[row[2] for row in SCHEMAS]
)
def test_a_schema_change_is_reported(
    old: Any, new: Any, text: str, request_breaks: bool, response_breaks: bool
) -> None:
    found = differences(old, new, "request")
    assert {line.partition(";")[0]: breaks for line, breaks in found.items()} == {text: request_breaks}
    found = differences(old, new, "response")
    assert {line.partition(";")[0]: breaks for line, breaks in found.items()} == {text: response_breaks}
    assert list(differences(old, new, "request", "response").values()) == [request_breaks or response_breaks]


def test_documentation_is_not_compared() -> None:
    assert (
        differences({**STRING, "description": "a", "example": 1}, {**STRING, "title": "b"}, "request", "response") == {}
    )


def test_a_new_value_in_responses_is_pointed_out() -> None:
    assert list(differences({"enum": ["a"]}, {"enum": ["a", "b"]}, "response")) == [
        "`x` value `b` added; responses may contain it"
    ]


values = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "ab", "abc"])
keys = st.sampled_from("abc")
instances = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner))
kinds = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
bounds = st.integers(0, 3)
leaves = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds | st.lists(kinds, min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=4),
        "minLength": bounds,
        "maxLength": bounds,
        "minItems": bounds,
        "maxItems": bounds,
        "minimum": bounds,
        "maximum": bounds,
        "exclusiveMinimum": bounds,
        "exclusiveMaximum": bounds,
        "pattern": st.sampled_from(["^a$", "^ab?$"]),
    },
)
schemas = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": kinds,
            "properties": st.dictionaries(keys, inner),
            "required": st.lists(keys, unique=True),
            "items": inner,
            "additionalProperties": inner | st.booleans(),
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
        },
    ),
    max_leaves=4,
)


@given(schemas, schemas, instances)
@example({"enum": [1]}, {"enum": [True]}, 1)
@example({"required": ["a"]}, {"required": ["a"], "properties": {"a": {"type": "null"}}}, {"a": 1})
def test_a_request_that_is_no_longer_valid_is_breaking(old: Schema, new: Schema, value: Any) -> None:
    found = differences(old, new, "request")
    # A client may have sent an undescribed property, but the contract did not allow for it.
    assume(not any(text.startswith("optional field") for text in found))
    if jsonschema_rs.is_valid(old, value) and not jsonschema_rs.is_valid(new, value):
        assert any(found.values())


@given(schemas)
def test_a_schema_has_no_difference_from_itself(schema: Schema) -> None:
    assert differences(schema, copy.deepcopy(schema), "request", "response") == {}
