"""What is different between two versions of a schema, and whether that breaks who sends it or is answered with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from comparison.document import SCHEMA, Document, Node, Way

DOCUMENTATION = {"description", "title", "example", "examples", "$comment", "externalDocs"}
LEAST = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
MOST = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
ARMS = ("oneOf", "anyOf", "allOf")
JUDGED = {"$ref", "type", "enum", "properties", "required", "items", "additionalProperties", "format", "pattern"}
JUDGED |= {"default", "deprecated", *LEAST, *MOST, *ARMS}
ANY_TYPE = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


class Note(NamedTuple):
    """A difference, and whether it breaks."""

    says: str
    breaking: bool


class SchemaComparison:
    """Compares schemas of an old document with those of a new one.

    What is sent breaks when it is held to more than before, what is answered when it may be more than before. There is
    one exception: a new value of an enum does not break those who are answered with it, since the client hands on the
    values that it does not know.
    """

    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new
        self._comparing: set[tuple[int, int]] = set()

    def compare(self, old: Any, new: Any, ways: Iterable[Way], place: str = "") -> Iterator[Note]:
        """Every difference between two schemas.

        Args:
            old: A schema of the old document.
            new: One of the new document.
            ways: How values of it travel.
            place: Where it is, below what is named already; empty at the top.
        """
        old, new = _as_node(old), _as_node(new)
        if old.get("$ref", "").startswith(SCHEMA) and old.get("$ref") == new.get("$ref"):
            return  # Named schemas are compared once, by themselves.
        old, new = self._old.follow(old), self._new.follow(new)
        pair = (id(old), id(new))
        if pair in self._comparing:
            return
        self._comparing.add(pair)
        try:
            yield from self._differences(old, new, frozenset(ways), place)
        finally:
            self._comparing.remove(pair)

    def _differences(self, old: Node, new: Node, ways: frozenset[Way], place: str) -> Iterator[Note]:
        of = f"`{place}` " if place else ""
        sent, answered = "sent" in ways, "answered" in ways
        yield from _types(old, new, of, sent=sent, answered=answered)
        yield from _values(old, new, of, sent=sent, answered=answered)
        yield from self._properties(old, new, ways, place)
        for key, suffix in (("items", "[]"), ("additionalProperties", "{}")):
            if key in old or key in new:
                yield from self.compare(old.get(key, {}), new.get(key, {}), ways, f"{place}{suffix}")
        for key in ARMS:
            yield from self._arms(key, old, new, of, ways)
        yield from _limits(old, new, of, sent=sent)
        yield from _rest(old, new, of, sent=sent)

    def _properties(self, old: Node, new: Node, ways: frozenset[Way], place: str) -> Iterator[Note]:
        before, after = _fields(old), _fields(new)
        needed_before, needed_after = old.get("required", ()), new.get("required", ())
        renamed = dict(_renamed(before, after))
        for name in before:
            path = _below(place, name)
            now = renamed.get(name, name)
            if now not in after:
                yield Note(f"lost the field `{path}`", breaking=True)
                continue
            if name in renamed:
                yield Note(f"has the field `{path}` renamed to `{_below(place, now)}`", breaking=True)
            if name not in needed_before and now in needed_after:
                yield Note(f"has the field `{path}` required now", breaking="sent" in ways)
            elif name in needed_before and now not in needed_after:
                yield Note(f"has the field `{path}` optional now", breaking="answered" in ways)
            yield from self.compare(before[name], after[now], ways, path)
        for name in after:
            if name not in before and name not in renamed.values():
                required = name in needed_after
                says = f"gained the {'required' if required else 'optional'} field `{_below(place, name)}`"
                yield Note(says, breaking=required and "sent" in ways)

    def _arms(self, key: str, old: Node, new: Node, of: str, ways: frozenset[Way]) -> Iterator[Note]:
        if (key in old) != (key in new):
            yield Note(f"{of}is {'' if key in new else 'no longer '}put together by {key}", breaking=True)
            return
        before, after = list(old.get(key, [])), list(new.get(key, []))
        # An arm that differs in anything but its words is another arm.
        for arm in list(before):
            same = next((candidate for candidate in after if not [*self.compare(arm, candidate, ways)]), None)
            if same is not None:
                before.remove(arm)
                after.remove(same)
        if key == "allOf" and (before or after):
            yield Note(f"{of}is put together by another allOf", breaking=True)
            return
        for arm in before:
            yield Note(f"{of}is never {_name(arm)} any more", breaking="sent" in ways)
        for arm in after:
            yield Note(f"{of}may be {_name(arm)} now", breaking="answered" in ways)


def _types(old: Node, new: Node, of: str, *, sent: bool, answered: bool) -> Iterator[Note]:
    before, after = _kinds(old), _kinds(new)
    if before != after:
        breaking = (sent and not before <= after) or (answered and not after <= before)
        yield Note(f"{of}is now {_type_name(new)}, was {_type_name(old)}", breaking)
    if old.get("format") != new.get("format"):
        # Clients turn some formats into types of their own, in both directions.
        yield Note(f"{of}has format {_or_none(new, 'format')} now, had {_or_none(old, 'format')}", breaking=True)


def _values(old: Node, new: Node, of: str, *, sent: bool, answered: bool) -> Iterator[Note]:
    if "enum" not in old and "enum" not in new:
        return
    if "enum" not in old:
        yield Note(f"{of}has no other value any more than {_listed(new['enum'])}", breaking=sent)
    elif "enum" not in new:
        yield Note(f"{of}may have any value now", breaking=False)
    else:
        before, after = ({_as_json(value): value for value in node["enum"]} for node in (old, new))
        for key, value in before.items():
            if key not in after:
                yield Note(f"{of}lost the value `{value}`", breaking=sent)
        tolerated = "; answers may have it" if answered else ""
        for key, value in after.items():
            if key not in before:
                yield Note(f"{of}gained the value `{value}`{tolerated}", breaking=False)


def _limits(old: Node, new: Node, of: str, *, sent: bool) -> Iterator[Note]:
    for keys, sign in ((LEAST, -1), (MOST, 1)):
        for key in keys:
            if old.get(key) != new.get(key):
                stricter = sign * new.get(key, sign * math.inf) < sign * old.get(key, sign * math.inf)
                yield Note(f"{of}has {key} {_or_none(new, key)} now, had {_or_none(old, key)}", stricter and sent)
    if old.get("pattern") != new.get("pattern"):
        breaking = sent and "pattern" in new
        yield Note(f"{of}has pattern {_or_none(new, 'pattern')} now, had {_or_none(old, 'pattern')}", breaking)


def _rest(old: Node, new: Node, of: str, *, sent: bool) -> Iterator[Note]:
    if _json_of(old, "default") != _json_of(new, "default"):
        yield Note(f"{of}has default {_or_none(new, 'default')} now, had {_or_none(old, 'default')}", sent)
    if new.get("deprecated", False) != old.get("deprecated", False):
        yield Note(f"{of}is {'' if new.get('deprecated') else 'no longer '}deprecated", breaking=False)
    for key in sorted((old.keys() | new.keys()) - JUDGED - DOCUMENTATION):
        if not key.startswith("x-") and _json_of(old, key) != _json_of(new, key):
            # Conditions and the like: whether they ask for more cannot be told in general.
            yield Note(f"{of}has another `{key}`", breaking=True)


def _fields(node: Node) -> Node:
    """The described fields, and those that are asked for without being described."""
    described = node.get("properties", {})
    return {**described, **{name: {} for name in node.get("required", ()) if name not in described}}


def _renamed(before: Node, after: Node) -> Iterator[tuple[str, str]]:
    """Pairs of a field that is gone and a new one, where nothing else can be meant."""
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    for name in gone:
        alike = [other for other in come if _bare(after[other]) == _bare(before[name])]
        rivals = [other for other in gone if _bare(before[other]) == _bare(before[name])]
        if len(alike) == len(rivals) == 1:
            yield name, alike[0]


def _bare(schema: Any) -> Any:
    """A schema without its words."""
    return {key: value for key, value in _as_node(schema).items() if key not in DOCUMENTATION}


def _as_node(schema: Any) -> Node:
    if isinstance(schema, Mapping):
        return schema
    return {} if schema else {"not": {}}


def _kinds(node: Node) -> frozenset[str]:
    named = node.get("type")
    if named is None:
        return ANY_TYPE
    kinds = {named} if isinstance(named, str) else set(named)
    return frozenset(kinds | {"integer"} if "number" in kinds else kinds)


def _type_name(node: Node) -> str:
    named = node.get("type", "of any type")
    return named if isinstance(named, str) else " or ".join(named)


def _name(arm: Any) -> str:
    node = _as_node(arm)
    return f"`{node['$ref'].rpartition('/')[2]}`" if "$ref" in node else _type_name(node)


def _json_of(node: Node, key: str) -> str:
    """The value at a key as text; empty without one."""
    return _as_json(node[key]) if key in node else ""


def _as_json(value: Any) -> str:
    # Compared as text: for Python, 1 is the same as true.
    return json.dumps(value, sort_keys=True)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _or_none(node: Node, key: str) -> str:
    return f"`{node[key]}`" if key in node else "none"


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
