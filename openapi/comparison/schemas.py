"""Comparison of two versions of a schema: each difference, and whether it breaks requests or responses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from comparison.document import SCHEMA_PREFIX, Direction, Document, Node

DOCUMENTATION: Final = {"description", "title", "example", "examples", "$comment", "externalDocs"}
MIN_KEYWORDS: Final = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
MAX_KEYWORDS: Final = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
COMBINATORS: Final = ("oneOf", "anyOf", "allOf")
COMPARED_KEYWORDS: Final = {
    *("$ref", "type", "enum", "properties", "required", "items", "additionalProperties", "format", "pattern"),
    *("default", "deprecated", *MIN_KEYWORDS, *MAX_KEYWORDS, *COMBINATORS),
}
ANY_TYPE: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


class Note(NamedTuple):
    """A difference, and whether it is breaking."""

    text: str
    breaking: bool


class SchemaComparison:
    """A comparison of schemas of an old document with those of a new one.

    A request breaks if the new schema rejects values that the old one accepts. A response breaks if the new schema
    allows values that the old one does not. A new enum value is the exception: it does not break responses, because
    the client passes on unknown values.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._in_progress: set[tuple[int, int]] = set()

    def compare(self, old: Any, new: Any, directions: Iterable[Direction], place: str = "") -> Iterator[Note]:
        """Yield all differences between two schemas.

        Args:
            old: A schema of the old document.
            new: A schema of the new document.
            directions: Whether the schema is used in requests, in responses or in both.
            place: The path below the compared object; empty at the top.
        """
        old, new = _as_node(old), _as_node(new)
        if old.get("$ref", "").startswith(SCHEMA_PREFIX) and old.get("$ref") == new.get("$ref"):
            return  # Named schemas are compared once, separately.
        old, new = self._old.resolve(old), self._new.resolve(new)
        pair = (id(old), id(new))
        if pair in self._in_progress:
            return
        self._in_progress.add(pair)
        try:
            yield from self._differences(old, new, frozenset(directions), place)
        finally:
            self._in_progress.remove(pair)

    def _differences(self, old: Node, new: Node, directions: frozenset[Direction], place: str) -> Iterator[Note]:
        subject = f"`{place}` " if place else ""
        request, response = "request" in directions, "response" in directions
        yield from _types(old, new, subject, request=request, response=response)
        yield from _values(old, new, subject, request=request, response=response)
        yield from self._properties(old, new, directions, place)
        for key, suffix in (("items", "[]"), ("additionalProperties", "{}")):
            if key in old or key in new:
                yield from self.compare(old.get(key, {}), new.get(key, {}), directions, f"{place}{suffix}")
        for key in COMBINATORS:
            yield from self._alternatives(key, old, new, subject, directions)
        yield from _limits(old, new, subject, request=request)
        yield from _other_keywords(old, new, subject, request=request)

    def _properties(self, old: Node, new: Node, directions: frozenset[Direction], place: str) -> Iterator[Note]:
        before, after = _fields(old), _fields(new)
        required_before, required_after = old.get("required", ()), new.get("required", ())
        renamed = dict(_renamed_fields(before, after))
        for name in before:
            path = _join(place, name)
            new_name = renamed.get(name, name)
            if new_name not in after:
                yield Note(f"field `{path}` removed", breaking=True)
                continue
            if name in renamed:
                yield Note(f"field `{path}` renamed to `{_join(place, new_name)}`", breaking=True)
            if name not in required_before and new_name in required_after:
                yield Note(f"field `{path}` is now required", breaking="request" in directions)
            elif name in required_before and new_name not in required_after:
                yield Note(f"field `{path}` is now optional", breaking="response" in directions)
            yield from self.compare(before[name], after[new_name], directions, path)
        for name in after:
            if name not in before and name not in renamed.values():
                required = name in required_after
                text = f"{'required' if required else 'optional'} field `{_join(place, name)}` added"
                yield Note(text, breaking=required and "request" in directions)

    def _alternatives(
        self, key: str, old: Node, new: Node, subject: str, directions: frozenset[Direction]
    ) -> Iterator[Note]:
        if (key in old) != (key in new):
            yield Note(f"{subject}{key} {'added' if key in new else 'removed'}", breaking=True)
            return
        before, after = list(old.get(key, [])), list(new.get(key, []))
        # Alternatives that differ only in documentation are the same.
        for alternative in list(before):
            same = next((other for other in after if not [*self.compare(alternative, other, directions)]), None)
            if same is not None:
                before.remove(alternative)
                after.remove(same)
        if key == "allOf" and (before or after):
            yield Note(f"{subject}allOf changed", breaking=True)
            return
        for alternative in before:
            yield Note(f"{subject}alternative {_name(alternative)} removed", breaking="request" in directions)
        for alternative in after:
            yield Note(f"{subject}alternative {_name(alternative)} added", breaking="response" in directions)


def _types(old: Node, new: Node, subject: str, *, request: bool, response: bool) -> Iterator[Note]:
    before, after = _type_set(old), _type_set(new)
    if before != after:
        breaking = (request and not before <= after) or (response and not after <= before)
        yield Note(f"{subject}type changed from {_type_name(old)} to {_type_name(new)}", breaking)
    if old.get("format") != new.get("format"):
        # The client converts some formats to Python types, in both directions.
        yield Note(f"{subject}format changed from {_shown(old, 'format')} to {_shown(new, 'format')}", breaking=True)


def _values(old: Node, new: Node, subject: str, *, request: bool, response: bool) -> Iterator[Note]:
    if "enum" not in old and "enum" not in new:
        return
    if "enum" not in old:
        yield Note(f"{subject}values limited to {_listed(new['enum'])}", breaking=request)
    elif "enum" not in new:
        yield Note(f"{subject}values no longer limited", breaking=False)
    else:
        before, after = ({_as_json(value): value for value in node["enum"]} for node in (old, new))
        for key, value in before.items():
            if key not in after:
                yield Note(f"{subject}value `{value}` removed", breaking=request)
        suffix = "; responses may contain it" if response else ""
        for key, value in after.items():
            if key not in before:
                yield Note(f"{subject}value `{value}` added{suffix}", breaking=False)


def _limits(old: Node, new: Node, subject: str, *, request: bool) -> Iterator[Note]:
    for keys, sign in ((MIN_KEYWORDS, -1), (MAX_KEYWORDS, 1)):
        for key in keys:
            if old.get(key) != new.get(key):
                stricter = sign * new.get(key, sign * math.inf) < sign * old.get(key, sign * math.inf)
                yield Note(
                    f"{subject}{key} changed from {_shown(old, key)} to {_shown(new, key)}", stricter and request
                )
    if old.get("pattern") != new.get("pattern"):
        breaking = request and "pattern" in new
        yield Note(f"{subject}pattern changed from {_shown(old, 'pattern')} to {_shown(new, 'pattern')}", breaking)


def _other_keywords(old: Node, new: Node, subject: str, *, request: bool) -> Iterator[Note]:
    if _json_at(old, "default") != _json_at(new, "default"):
        yield Note(f"{subject}default changed from {_shown(old, 'default')} to {_shown(new, 'default')}", request)
    if new.get("deprecated", False) != old.get("deprecated", False):
        yield Note(f"{subject}{'deprecated' if new.get('deprecated') else 'no longer deprecated'}", breaking=False)
    for key in sorted((old.keys() | new.keys()) - COMPARED_KEYWORDS - DOCUMENTATION):
        if not key.startswith("x-") and _json_at(old, key) != _json_at(new, key):
            # Conditions, for example: no general rule decides whether they are stricter.
            yield Note(f"{subject}keyword `{key}` changed", breaking=True)


def _fields(node: Node) -> Node:
    """Return the described fields, and the required fields without a description as empty schemas."""
    described = node.get("properties", {})
    return {**described, **{name: {} for name in node.get("required", ()) if name not in described}}


def _renamed_fields(before: Node, after: Node) -> Iterator[tuple[str, str]]:
    """Yield each removed field with the only added field of the same schema."""
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in removed:
        matches = [other for other in added if _undocumented(after[other]) == _undocumented(before[name])]
        rivals = [other for other in removed if _undocumented(before[other]) == _undocumented(before[name])]
        if len(matches) == len(rivals) == 1:
            yield name, matches[0]


def _undocumented(schema: Any) -> Any:
    """Return a schema without its documentation."""
    return {key: value for key, value in _as_node(schema).items() if key not in DOCUMENTATION}


def _as_node(schema: Any) -> Node:
    if isinstance(schema, Mapping):
        return schema
    return {} if schema else {"not": {}}


def _type_set(node: Node) -> frozenset[str]:
    named = node.get("type")
    if named is None:
        return ANY_TYPE
    types = {named} if isinstance(named, str) else set(named)
    return frozenset(types | {"integer"} if "number" in types else types)


def _type_name(node: Node) -> str:
    named = node.get("type", "any")
    return named if isinstance(named, str) else " or ".join(named)


def _name(alternative: Any) -> str:
    node = _as_node(alternative)
    return f"`{node['$ref'].rpartition('/')[2]}`" if "$ref" in node else _type_name(node)


def _json_at(node: Node, key: str) -> str:
    """Return the value at a key as JSON text; empty without one."""
    return _as_json(node[key]) if key in node else ""


def _as_json(value: Any) -> str:
    # Compared as text, because 1 == True in Python.
    return json.dumps(value, sort_keys=True)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _shown(node: Node, key: str) -> str:
    return f"`{node[key]}`" if key in node else "none"


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
