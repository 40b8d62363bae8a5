# Copied from conventions/ by `hatch run conventions`; do not edit.
"""Derivation: the attributes that servers understand, from those of other conventions.

`names.json` has the names. A spelling that is added there is read from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ace_tracing.conventions.spellings import ATTRIBUTES, COST, EXACT, FLATTENED, NAMES, TOKENS, Spelling, match_prefix
from ace_tracing.conventions.values import parse, parse_text, unflatten

Event = tuple[str, Mapping[str, Any]]
"""The name and the attributes of an event."""

_MESSAGES: Final[dict[str, dict[str, str]]] = {side: NAMES["events"][side] for side in ("inputs", "outputs")}
_MESSAGE_EVENTS: Final = {name: side for side, names in _MESSAGES.items() for name in names}
_CONTENTS: Final[dict[str, str]] = NAMES["events"]["contents"]
_ATTRIBUTE_EVENTS: Final = frozenset(NAMES["events"]["attributes"])
_EMPTY: Final = (None, "")
_NOT_GIVEN: Final = (None, "", "UNKNOWN")
_TOTALS: Final = {
    TOKENS: ("total_tokens", ("input_tokens", "output_tokens")),
    COST: ("total_cost", ("input_cost", "output_cost")),
}


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
    return _derive(name, attributes, events, parse, _same)


def derive_texts(
    name: str, attributes: Mapping[str, Any], events: Sequence[Event], dump: Callable[[Any], str]
) -> dict[str, Any]:
    """Return the attributes to add to a span as `derive` does, with inputs and outputs as JSON text.

    A text that is JSON already is checked, and returned as it is.

    Args:
        name: The name of the span.
        attributes: The attributes of the span, as Python values.
        events: The names and attributes of its events.
        dump: Returns a value as JSON text.
    """
    return _derive(name, attributes, events, lambda value: parse_text(value, dump), dump)


def is_read(key: str) -> bool:
    """Return whether `derive` reads an attribute of this name."""
    return key in EXACT or match_prefix(key) is not None


def is_read_event(name: str) -> bool:
    """Return whether `derive` reads an event of this name."""
    return name in _MESSAGE_EVENTS or name in _ATTRIBUTE_EVENTS


def _derive(
    name: str,
    attributes: Mapping[str, Any],
    events: Sequence[Event],
    read: Callable[[Any], Any],
    convert: Callable[[Any], Any],
) -> dict[str, Any]:
    """Return the attributes to add to a span.

    Args:
        name: The name of the span.
        attributes: The attributes of the span.
        events: The names and attributes of its events.
        read: Returns inputs or outputs of an attribute that may be JSON text.
        convert: Returns inputs or outputs that are a Python value.
    """
    messages: dict[str, list[Any]] = {}
    if events:
        messages, attributes = _read_events(events, attributes)
    found = _find(name, attributes)
    derived: dict[str, Any] = {}
    for spelling, value in found.values():
        field, attribute = spelling.field, spelling.attribute
        if spelling.part:
            if attribute in derived:
                derived[attribute][spelling.part] = value
            else:
                derived[attribute] = {spelling.part: value}
        elif field == "tools":
            derived[attribute] = _read_tools(unflatten(value) if spelling.is_flattened else parse(value))
        elif field not in _MESSAGES:
            derived[attribute] = value
        elif spelling.is_flattened:
            derived[attribute] = convert(unflatten(value))
        else:
            derived[attribute] = _read_value(spelling, value, attributes, read, convert)
    for field, (total, summands) in _TOTALS.items():
        if (parts := derived.get(ATTRIBUTES[field])) is not None:
            _add_total(parts, total, summands)
    for side, found_messages in messages.items():
        derived.setdefault(ATTRIBUTES[side], convert(found_messages))
    return {key: value for key, value in derived.items() if attributes.get(key) in _NOT_GIVEN}


def _read_events(
    events: Sequence[Event], attributes: Mapping[str, Any]
) -> tuple[dict[str, list[Any]], Mapping[str, Any]]:
    """Return the messages in events by side, and the attributes with those that events have."""
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
    return messages, {**more, **attributes} if more else attributes


def _find(name: str, attributes: Mapping[str, Any]) -> dict[str, tuple[Spelling, Any]]:
    """Return the spelling with the lowest rank and its value for each place. Flattened values are a dict by name."""
    found: dict[str, tuple[Spelling, Any]] = {}
    flattened: dict[str, dict[str, Any]] = {}
    find_exact = EXACT.get
    # Flattened names stand together, so most have the prefix of the one before. No name has this first one.
    prefix, values = "..", {}
    for key, value in attributes.items():
        spelling = find_exact(key)
        if spelling is None:
            if not key.startswith(prefix):
                match = match_prefix(key)
                if match is None:
                    continue
                prefix = match[0]
                values = flattened.setdefault(prefix, {})
            values[key[len(prefix) :]] = value
        elif value is not None and value != "" and (not spelling.spans or name.startswith(spelling.spans)):
            best = found.get(spelling.place)
            if best is None or spelling.rank < best[0].rank:
                value = spelling.read(value)
                if value is not None:
                    found[spelling.place] = spelling, value
    for prefix, values in flattened.items():
        spelling = FLATTENED[prefix]
        best = found.get(spelling.place)
        if (best is None or spelling.rank < best[0].rank) and any(value not in _EMPTY for value in values.values()):
            found[spelling.place] = spelling, values
    return found


def _add_total(parts: dict[str, Any], total: str, summands: Iterable[str]) -> None:
    """Add the sum of tokens or cost, unless it is given."""
    known = [parts[name] for name in summands if name in parts]
    if known and total not in parts:
        parts[total] = sum(known)


def _read_value(
    spelling: Spelling,
    value: Any,
    attributes: Mapping[str, Any],
    read: Callable[[Any], Any],
    convert: Callable[[Any], Any],
) -> Any:
    """Return the inputs or outputs of a span."""
    if spelling.mime_type is not None:
        return read(value) if attributes.get(spelling.mime_type) == "application/json" else convert(value)
    instructions = None if spelling.system is None else attributes.get(spelling.system)
    if not instructions:
        return read(value)
    value = parse(value)
    if isinstance(value, list):
        parts = parse(instructions)
        given = parts if isinstance(parts, list) else [{"type": "text", "content": parts}]
        value = [{"role": "system", "parts": given}, *value]
    return convert(value)


def _same(value: Any) -> Any:
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
