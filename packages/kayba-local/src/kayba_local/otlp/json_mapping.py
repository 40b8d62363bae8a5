"""Protobuf's JSON mapping: a span in every accepted spelling, normalized to the form that is stored.

Names may be in camelCase or snake_case, integers and doubles may be texts, enum values may be names, and null stands
for an absent field, as in every JSON parser of protobuf. Unknown fields are ignored, as OTLP requires. Ids are in hex,
as OTLP requires, or in base64, as protobuf's own JSON writers encode them. All functions raise `InvalidField`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kayba_local.otlp import json_scalars as scalars
from kayba_local.otlp.fields import MAX_ITEMS, InvalidField
from kayba_local.otlp.json_scalars import Convert

MAX_LEVELS: Final = 240
"""Maximum number of nested lists and objects below a value; the JSON encoder takes 254 levels for the whole span."""

_CAPITAL: Final = re.compile("([A-Z])")
_LEVELS_OF_ARRAY: Final = 3
_LEVELS_OF_KVLIST: Final = 4


class _Message:
    """A converter of a JSON object by the fields of a message, which are given with their names in camelCase."""

    def __init__(self, fields: Mapping[str, Convert], required: tuple[str, ...] = ()) -> None:
        self._fields = {spelling: (name, convert) for name, convert in fields.items() for spelling in _spellings(name)}
        self._required = required

    def __call__(self, value: Any) -> dict[str, Any]:
        """Return the known fields with their names in camelCase, without those that have their default value."""
        result: dict[str, Any] = {}
        for sent, content in read_object(value).items():
            field = self._fields.get(sent)
            if field is None or content is None:
                continue
            name, convert = field
            if name in result:
                raise InvalidField("is given in two spellings").below(f".{name}")
            try:
                result[name] = convert(content)
            except InvalidField as error:
                raise error.below(f".{name}") from None
        for name in self._required:
            if name not in result:
                raise InvalidField("is missing").below(f".{name}")
        return {name: content for name, content in result.items() if content}


def normalize_span(value: Any) -> dict[str, Any]:
    """Return a span in the stored form: names in camelCase, ids in lower-case hex, no fields with a default value."""
    fields = _SPAN(value)
    return {"name": "", "startTimeUnixNano": 0, **fields}


def read_member(message: Mapping[str, Any], name: str) -> Any:
    """Return a field of an object by its name in camelCase, in either spelling; None if it is absent."""
    return next((message[spelling] for spelling in _spellings(name) if message.get(spelling) is not None), None)


def read_object(value: Any) -> dict[str, Any]:
    """Return an object."""
    if not isinstance(value, dict):
        raise InvalidField("is not an object")
    return value


def read_list(value: Any) -> list[Any]:
    """Return a list; an absent one is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidField("is not a list")
    return value


def read_key_values(value: Any, levels: int = MAX_LEVELS) -> list[dict[str, Any]]:
    """Return a list of KeyValues in the stored form, with at most `levels` nested lists and objects in a value."""
    pairs = []
    for index, member in _enumerate(value):
        try:
            pairs.append(_read_key_value(member, levels))
        except InvalidField as error:
            raise error.below(f"[{index}]") from None
    return pairs


def _read_key_value(value: Any, levels: int) -> dict[str, Any]:
    pair = read_object(value)
    key, content = pair.get("key"), pair.get("value")
    try:
        plain = {} if content is None else _read_any_value(content, levels)
    except InvalidField as error:
        raise error.below(".value") from None
    return {"key": "" if key is None else scalars.read_name(key), "value": plain}


def _read_any_value(value: Any, levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sent, content in read_object(value).items():
        kind = _VALUE_KINDS.get(sent)
        if kind is None or content is None:
            continue
        if found:
            raise InvalidField("has more than one kind of value")
        try:
            found = _read_content(kind, content, levels)
        except InvalidField as error:
            raise error.below(f".{kind}") from None
    return found


def _read_content(kind: str, content: Any, levels: int) -> dict[str, Any]:
    match kind:
        case "stringValue":
            return {kind: scalars.read_text(content)}
        case "intValue":
            return scalars.read_int_value(content)
        case "boolValue":
            return {kind: scalars.read_boolean(content)}
        case "doubleValue":
            return {kind: scalars.read_double(content)}
        case "bytesValue":
            return scalars.read_bytes_value(content)
        case "arrayValue":
            return {kind: {"values": _read_array(content, levels - _LEVELS_OF_ARRAY)}}
        case _:
            below = levels - _LEVELS_OF_KVLIST
            return {kind: {"values": read_key_values(_read_values(content, below), below)}}


def _read_array(content: Any, levels: int) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = []
    for index, member in enumerate(read_list(_read_values(content, levels))):
        try:
            members.append({} if member is None else _read_any_value(member, levels))
        except InvalidField as error:
            raise error.below(f".values[{index}]") from None
    return members


def _read_values(content: Any, levels: int) -> Any:
    if levels < 0:
        raise InvalidField("is nested too deeply")
    return read_object(content).get("values")


def _read_each(convert: Convert) -> Convert:
    """Return a converter of a list whose members are converted by `convert`."""

    def read_all(value: Any) -> list[Any]:
        converted = []
        for index, member in _enumerate(value):
            try:
                converted.append(convert(member))
            except InvalidField as error:
                raise error.below(f"[{index}]") from None
        return converted

    return read_all


def _enumerate(value: Any) -> Iterator[tuple[int, Any]]:
    members = read_list(value)
    if len(members) > MAX_ITEMS:
        raise InvalidField(f"has more than {MAX_ITEMS:,} items")
    return enumerate(members)


def _spellings(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((name, _CAPITAL.sub(r"_\1", name).lower())))


_VALUE_KINDS: Final[Mapping[str, str]] = {
    spelling: name
    for name in (
        "stringValue",
        "boolValue",
        "intValue",
        "doubleValue",
        "bytesValue",
        "arrayValue",
        "kvlistValue",
    )
    for spelling in _spellings(name)
}
_EVENT: Final = _Message(
    {
        "timeUnixNano": scalars.read_event_time,
        "name": scalars.read_name,
        "attributes": read_key_values,
        "droppedAttributesCount": scalars.read_uint32,
    }
)
_LINK: Final = _Message(
    {
        "traceId": scalars.read_linked_trace_id,
        "spanId": scalars.read_linked_span_id,
        "traceState": scalars.read_trace_state,
        "attributes": read_key_values,
        "droppedAttributesCount": scalars.read_uint32,
        "flags": scalars.read_uint32,
    },
    required=("traceId", "spanId"),
)
_STATUS: Final = _Message(
    {
        "code": scalars.make_enum_reader("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"),
        "message": scalars.read_message,
    }
)
_SPAN: Final = _Message(
    {
        "traceId": scalars.read_trace_id,
        "spanId": scalars.read_span_id,
        "parentSpanId": scalars.read_parent_id,
        "traceState": scalars.read_trace_state,
        "flags": scalars.read_uint32,
        "name": scalars.read_name,
        "kind": scalars.make_enum_reader(
            "SPAN_KIND_UNSPECIFIED",
            "SPAN_KIND_INTERNAL",
            "SPAN_KIND_SERVER",
            "SPAN_KIND_CLIENT",
            "SPAN_KIND_PRODUCER",
            "SPAN_KIND_CONSUMER",
        ),
        "startTimeUnixNano": scalars.read_time,
        "endTimeUnixNano": scalars.read_time,
        "attributes": read_key_values,
        "droppedAttributesCount": scalars.read_uint32,
        "events": _read_each(_EVENT),
        "droppedEventsCount": scalars.read_uint32,
        "links": _read_each(_LINK),
        "droppedLinksCount": scalars.read_uint32,
        "status": _STATUS,
    },
    required=("traceId", "spanId"),
)
