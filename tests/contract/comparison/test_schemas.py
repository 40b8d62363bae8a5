"""Which differences of a schema break: every rule, and random schemas held against a validator."""

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


def differences(old: Any, new: Any, *ways: Any) -> dict[str, bool]:
    """What is different, and whether that breaks."""
    return dict(SchemaComparison(EMPTY, EMPTY).compare(old, new, ways, "x"))


# Old, new, what it says, whether it breaks who sends it, and who is answered with it.
SCHEMAS: list[tuple[Any, Any, str, bool, bool]] = [
    (fields(a=STRING), fields(), "lost the field `x.a`", True, True),
    (fields(), fields(a=STRING), "gained the optional field `x.a`", False, False),
    (fields(), fields("a", a=STRING), "gained the required field `x.a`", True, False),
    (fields(a=STRING), fields(b=STRING), "has the field `x.a` renamed to `x.b`", True, True),
    (fields(a=STRING), fields("a", a=STRING), "has the field `x.a` required now", True, False),
    (fields("a", a=STRING), fields(a=STRING), "has the field `x.a` optional now", False, True),
    (STRING, {"type": "integer"}, "`x` is now integer, was string", True, True),
    ({"type": "integer"}, {"type": "number"}, "`x` is now number, was integer", False, True),
    ({"type": "number"}, {"type": "integer"}, "`x` is now integer, was number", True, False),
    (STRING, {"type": ["string", "null"]}, "`x` is now string or null, was string", False, True),
    ({}, STRING, "`x` is now string, was of any type", True, False),
    (STRING, {**STRING, "format": "date-time"}, "`x` has format `date-time` now, had none", True, True),
    (STRING, {**STRING, "enum": ["a"]}, "`x` has no other value any more than `a`", True, False),
    ({**STRING, "enum": ["a"]}, STRING, "`x` may have any value now", False, False),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "`x` lost the value `b`", True, False),
    ({"enum": ["a"]}, {"enum": ["b", "a"]}, "`x` gained the value `b`", False, False),
    (STRING, {**STRING, "maxLength": 5}, "`x` has maxLength `5` now, had none", True, False),
    ({**STRING, "maxLength": 5}, {**STRING, "maxLength": 4}, "`x` has maxLength `4` now, had `5`", True, False),
    ({**STRING, "maxLength": 5}, STRING, "`x` has maxLength none now, had `5`", False, False),
    (STRING, {**STRING, "minLength": 1}, "`x` has minLength `1` now, had none", True, False),
    ({**STRING, "minLength": 1}, STRING, "`x` has minLength none now, had `1`", False, False),
    (STRING, {**STRING, "pattern": "^a$"}, "`x` has pattern `^a$` now, had none", True, False),
    ({**STRING, "pattern": "^a$"}, STRING, "`x` has pattern none now, had `^a$`", False, False),
    (STRING, {**STRING, "default": "a"}, "`x` has default `a` now, had none", True, False),
    (STRING, {**STRING, "deprecated": True}, "`x` is deprecated", False, False),
    (STRING, {**STRING, "writeOnly": True}, "`x` has another `writeOnly`", True, True),
    ({"items": STRING}, {"items": {"type": "null"}}, "`x[]` is now null, was string", True, True),
    (
        {},
        {"additionalProperties": STRING},
        "`x{}` is now string, was of any type",
        True,
        False,
    ),
    ({"oneOf": [STRING]}, {"oneOf": [STRING, {"type": "null"}]}, "`x` may be null now", False, True),
    ({"oneOf": [STRING, {"type": "null"}]}, {"oneOf": [STRING]}, "`x` is never null any more", True, False),
    ({"oneOf": [STRING]}, {}, "`x` is no longer put together by oneOf", True, True),
    ({"allOf": [STRING]}, {"allOf": [STRING, {}]}, "`x` is put together by another allOf", True, True),
]


@pytest.mark.parametrize(("old", "new", "says", "sent", "answered"), SCHEMAS, ids=[row[2] for row in SCHEMAS])
def test_a_schema_that_differs(old: Any, new: Any, says: str, sent: bool, answered: bool) -> None:
    assert {text.partition(";")[0]: breaks for text, breaks in differences(old, new, "sent").items()} == {says: sent}
    found = differences(old, new, "answered")
    assert {text.partition(";")[0]: breaks for text, breaks in found.items()} == {says: answered}
    assert list(differences(old, new, "sent", "answered").values()) == [sent or answered]


def test_words_are_no_difference() -> None:
    assert differences({**STRING, "description": "a", "example": 1}, {**STRING, "title": "b"}, "sent", "answered") == {}


def test_a_new_value_in_answers_is_pointed_out() -> None:
    assert list(differences({"enum": ["a"]}, {"enum": ["a", "b"]}, "answered")) == [
        "`x` gained the value `b`; answers may have it"
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
def test_whatever_could_be_sent_and_can_no_longer_breaks(old: Schema, new: Schema, value: Any) -> None:
    found = differences(old, new, "sent")
    # What was never described may have been sent, but nobody was told to.
    assume(not any("gained the optional field" in says for says in found))
    if jsonschema_rs.is_valid(old, value) and not jsonschema_rs.is_valid(new, value):
        assert any(found.values())


@given(schemas)
def test_a_schema_does_not_differ_from_itself(schema: Schema) -> None:
    assert differences(schema, copy.deepcopy(schema), "sent", "answered") == {}
