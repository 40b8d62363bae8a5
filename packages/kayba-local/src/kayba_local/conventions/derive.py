# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Derivation: the attributes that servers understand, from those of other conventions.

`names.json` has the names. A spelling that is added there is read from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from kayba_local.conventions.values import MAX_NUMBER, MAX_REMEMBERED_CHARS, parse, read_count, read_number, unflatten

_NAMES: Final[dict[str, Any]] = orjson.loads(Path(__file__).with_name("names.json").read_bytes())
_FAMILIES: Final = tuple(_NAMES["families"])

MAX_REMEMBERED_NAMES: Final = 4_096
"""How many names of attributes are remembered with their spelling. Spans repeat them."""

Event = tuple[str, Mapping[str, Any]]
"""The name and the attributes of an event."""


class _Spelling(NamedTuple):
    """A name that is read.

    Attributes:
        rank: Its place in the order of precedence. The lowest one wins.
        field: The field of `names.json` that it belongs to.
        name: The name of the attribute, or the prefix of flattened names with the dot at its end.
        spans: The beginning of the names of the spans on which it is read; empty for all spans.
        mime_type: The attribute with the MIME type of the value. None if the value tells it by itself.
        system: The attribute with the system message for a list of messages.
    """

    rank: int
    field: str
    name: str
    spans: str = ""
    mime_type: str | None = None
    system: str | None = None


def _read_spellings(field: str, row: Mapping[str, Any]) -> Iterator[_Spelling]:
    entries = [entry for family in _FAMILIES for entry in row[family]]
    for rank, entry in enumerate(entries):
        given = {"name": entry} if isinstance(entry, str) else entry
        yield _Spelling(rank, field, **{**given, "name": given["name"].removesuffix("*")})


def _read_table() -> list[_Spelling]:
    spellings: list[_Spelling] = []
    for field, row in _NAMES.items():
        if "attribute" in row:
            for name, part in row.get("fields", {"": row}).items():
                spellings += _read_spellings(f"{field}.{name}" if name else field, part)
    return spellings


_SPELLINGS: Final = _read_table()
_EXACT: Final = {each.name: each for each in _SPELLINGS if not each.name.endswith(".")}
_FLATTENED: Final = {each.name: each for each in _SPELLINGS if each.name.endswith(".")}
_PREFIXES: Final = tuple(_FLATTENED)
_ATTRIBUTES: Final[dict[str, str]] = {field: row["attribute"] for field, row in _NAMES.items() if "attribute" in row}
_TYPES: Final = {spelling: kind for kind, spellings in _NAMES["types"].items() for spelling in spellings}
_MESSAGES: Final[dict[str, dict[str, str]]] = {side: _NAMES["events"][side] for side in ("inputs", "outputs")}
_MESSAGE_EVENTS: Final = {name: side for side, names in _MESSAGES.items() for name in names}
_CONTENTS: Final[dict[str, str]] = _NAMES["events"]["contents"]
_ATTRIBUTE_EVENTS: Final = frozenset(_NAMES["events"]["attributes"])
_NOT_GIVEN: Final = (None, "", "UNKNOWN")
_TEXTS: Final = ("model", "provider", "agent", "session", "user")
_TOKENS: Final = "tokens."
_COST: Final = "cost."


def derive(name: str, attributes: Mapping[str, Any], events: Sequence[Event] = ()) -> dict[str, Any]:
    """Return the attributes to add to a span, in the names of MLflow.

    An attribute that the span has already is never derived, except for the span type `UNKNOWN`.

    Args:
        name: The name of the span.
        attributes: The attributes of the span, as Python values.
        events: The names and attributes of its events.

    Returns:
        The type as a text, inputs, outputs and tools as JSON values, token usage and cost as dictionaries, and model,
        provider, agent, session and user as texts. Empty for a span of none of the known conventions.

    Example:
        >>> derive("chat gpt-4o", {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3})
        {'mlflow.spanType': 'CHAT_MODEL', 'mlflow.chat.tokenUsage': {'input_tokens': 3, 'total_tokens': 3}}
    """
    messages: dict[str, list[Any]] = {}
    more: dict[str, Any] = {}
    for event, details in events:
        if event in _MESSAGE_EVENTS:
            side = _MESSAGE_EVENTS[event]
            messages.setdefault(side, []).append(_read_message(_MESSAGES[side][event], event, details))
        elif event in _ATTRIBUTE_EVENTS:
            # The first event with an attribute counts.
            for key, value in details.items():
                more.setdefault(key, value)
    if more:
        attributes = {**more, **attributes}
    found, flattened = _find(name, attributes)
    if not found and not messages:
        return {}
    derived: dict[str, Any] = {}
    for field, value in _read_all(found, flattened, attributes, messages):
        attribute = _ATTRIBUTES[field]
        if attributes.get(attribute) in _NOT_GIVEN:
            derived[attribute] = value
    return derived


def is_read(key: str) -> bool:
    """Return whether `derive` reads an attribute of this name."""
    return key in _EXACT or key.startswith(_PREFIXES)


@lru_cache(MAX_REMEMBERED_NAMES)
def _locate(key: str) -> tuple[_Spelling, str | None] | None:
    """Return the spelling of an attribute's name, and its part behind the prefix if the name is flattened."""
    spelling = _EXACT.get(key)
    if spelling is not None:
        return spelling, None
    prefix = next((prefix for prefix in _PREFIXES if key.startswith(prefix)), None)
    return None if prefix is None else (_FLATTENED[prefix], key[len(prefix) :])


def is_read_event(name: str) -> bool:
    """Return whether `derive` reads an event of this name."""
    return name in _MESSAGE_EVENTS or name in _ATTRIBUTE_EVENTS


def _find(name: str, attributes: Mapping[str, Any]) -> tuple[dict[str, _Spelling], dict[str, dict[str, Any]]]:
    """Return the spelling with the lowest rank for each field, and the values of flattened names by prefix."""
    found: dict[str, _Spelling] = {}
    flattened: dict[str, dict[str, Any]] = {}
    for key, value in attributes.items():
        located = _locate(key) if len(key) <= MAX_REMEMBERED_CHARS else _locate.__wrapped__(key)
        if located is None:
            continue
        spelling, part = located
        if part is not None:
            flattened.setdefault(spelling.name, {})[part] = value
        if value is None or value == "" or not name.startswith(spelling.spans):
            continue
        if not _CHECKS[spelling.field](value):
            continue
        best = found.get(spelling.field)
        if best is None or spelling.rank < best.rank:
            found[spelling.field] = spelling
    return found, flattened


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and value.lower() in _TYPES


def _is_count(value: Any) -> bool:
    return (type(value) is int and 0 <= value <= MAX_NUMBER) or read_count(value) is not None


def _is_number(value: Any) -> bool:
    return read_number(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or _is_count(value)


def _is_any(_: Any) -> bool:
    return True


def _check_of(field: str) -> Callable[[Any], bool]:
    """Return the check that a value of a field passes. Another spelling takes the place of one that does not."""
    if field == "span_type":
        return _is_type
    if field.startswith(_TOKENS):
        return _is_count
    if field.startswith(_COST):
        return _is_number
    return _is_text if field in _TEXTS else _is_any


_CHECKS: Final = {spelling.field: _check_of(spelling.field) for spelling in _SPELLINGS}


def _read_all(
    found: Mapping[str, _Spelling],
    flattened: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Any],
    messages: Mapping[str, list[Any]],
) -> Iterator[tuple[str, Any]]:
    """Yield each field of `names.json` that the span has, and its value."""
    if (kind := found.get("span_type")) is not None:
        yield "span_type", _TYPES[attributes[kind.name].lower()]
    for side in ("inputs", "outputs"):
        if (spelling := found.get(side)) is not None:
            yield side, _read_value(spelling, flattened, attributes)
        elif side in messages:
            yield side, messages[side]
    if (spelling := found.get("tools")) is not None:
        yield "tools", _read_tools(_read_value(spelling, flattened, attributes))
    for field in _TEXTS:
        if (spelling := found.get(field)) is not None:
            yield field, str(attributes[spelling.name])
    parts = {field: attributes[spelling.name] for field, spelling in found.items() if "." in field}
    counts = {field: read_count(value) for field, value in _fields(parts, _TOKENS)}
    if counts:
        yield "tokens", _with_total(counts, "total_tokens", ("input_tokens", "output_tokens"))
    amounts = {field: read_number(value) for field, value in _fields(parts, _COST)}
    if amounts:
        yield "cost", _with_total(amounts, "total_cost", ("input_cost", "output_cost"))


def _fields(parts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    return ((field[len(prefix) :], value) for field, value in parts.items() if field.startswith(prefix))


def _with_total(parts: Mapping[str, Any], total: str, summands: Iterable[str]) -> dict[str, Any]:
    known = [parts[name] for name in summands if name in parts]
    return {**parts, total: sum(known)} if known and total not in parts else dict(parts)


def _read_value(spelling: _Spelling, flattened: Mapping[str, Mapping[str, Any]], attributes: Mapping[str, Any]) -> Any:
    """Return the inputs, outputs or tools of a span."""
    if spelling.name in flattened:
        return unflatten(flattened[spelling.name])
    value = attributes[spelling.name]
    if spelling.mime_type is not None:
        return parse(value) if attributes.get(spelling.mime_type) == "application/json" else value
    value = parse(value)
    instructions = None if spelling.system is None else attributes.get(spelling.system)
    if instructions and isinstance(value, list):
        parts = parse(instructions)
        given = parts if isinstance(parts, list) else [{"type": "text", "content": parts}]
        return [{"role": "system", "parts": given}, *value]
    return value


def _read_message(role: str, event: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message of an event. OpenTelemetry's own instrumentations put it below `message` or `content`."""
    if event in _CONTENTS:
        return {"role": role, "content": details.get(_CONTENTS[event])}
    message = {key: parse(value) for key, value in details.items() if key not in ("gen_ai.system", "event.name")}
    inner = message.get("message")
    if isinstance(inner, dict):
        message = {**message, **inner}
        message.pop("message", None)
    elif inner is not None and "content" not in message:
        message["content"] = message.pop("message")
    return {"role": role, **message}


def _read_tools(tools: Any) -> Any:
    """Return tools in the form of OpenAI's requests, which servers know."""
    return [_read_tool(tool) for tool in tools] if isinstance(tools, list) else tools


def _read_tool(tool: Any) -> Any:
    if isinstance(tool, dict) and "json_schema" in tool:
        tool = parse(tool["json_schema"])
    if not isinstance(tool, dict) or "function" in tool or "name" not in tool:
        return tool
    function = {"name": tool["name"]}
    if tool.get("description") is not None:
        function["description"] = tool["description"]
    parameters = parse(tool.get("parameters") or tool.get("input_schema"))
    if parameters is not None:
        function["parameters"] = parameters
    return {"type": "function", "function": function}
