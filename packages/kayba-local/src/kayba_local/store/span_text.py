"""Texts of spans that searches read: for the full-text index, the whole text, and the value of an attribute."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from kayba_local.otlp.contents import decode_content
from kayba_local.otlp.spans import INPUTS, OUTPUTS
from kayba_local.otlp.values import decode_value, unwrap

CONTENT_TEXT: Final = "kayba_content_text"
"""SQL function: the whole text of a span, by the format and the bytes of its content."""
ATTRIBUTE: Final = "kayba_attribute"
"""SQL function: the value of a span's attribute, by the format and the bytes of its content and the key."""
MAX_INDEXED_CHARACTERS: Final = 4_000
"""Characters of the inputs, of the outputs and of the events that the full-text index contains, of each."""

_ESCAPE: Final = "\\"


def register_span_functions(connection: sqlite3.Connection) -> None:
    """Make the SQL functions of this module available in a connection."""
    connection.create_function(CONTENT_TEXT, 2, _content_text, deterministic=True)
    connection.create_function(ATTRIBUTE, 3, _attribute, deterministic=True)


def indexed_text(span: Mapping[str, Any]) -> str:
    """Return the text of a span, in OTLP's JSON, that the full-text index contains.

    It is the name, the error, the inputs, the outputs and the values in events. The index is given the same text again
    when the span is deleted: a change of this function needs a migration that builds the index anew.
    """
    lines = [span["name"], span.get("status", {}).get("message", "")]
    for pair in span.get("attributes", ()):
        if pair["key"] in (INPUTS, OUTPUTS):
            lines.append(_shorten(_leaves(unwrap(decode_value(pair.get("value"))))))
    values = (pair.get("value") for event in span.get("events", ()) for pair in event.get("attributes", ()))
    lines.append(_shorten(leaf for value in values for leaf in _leaves(unwrap(decode_value(value)))))
    return "\n".join(filter(None, lines))


def content_text(span: Mapping[str, Any]) -> str:
    """Return the whole text of a span in OTLP's JSON: name, error, and the keys and values of attributes and events."""
    lines = [span["name"], span.get("status", {}).get("message", "")]
    _add_pairs(lines, span.get("attributes", ()))
    for event in span.get("events", ()):
        lines.append(event.get("name", ""))
        _add_pairs(lines, event.get("attributes", ()))
    return "\n".join(lines)


def _add_pairs(lines: list[str], pairs: Iterable[Mapping[str, Any]]) -> None:
    for pair in pairs:
        value = decode_value(pair.get("value"))
        text = _to_text(value)
        lines.append(f"{pair['key']}: {text}")
        if _ESCAPE in text and (decoded := unwrap(value)) is not value:
            # In JSON, a line end and a quote are escaped.
            lines.extend(_leaves(decoded))


def _shorten(leaves: Iterable[str]) -> str:
    lines: list[str] = []
    left = MAX_INDEXED_CHARACTERS
    for leaf in leaves:
        lines.append(leaf[:left])
        left -= len(leaf) + 1
        if left <= 0:
            break
    return "\n".join(lines)


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, default=repr)


def _content_text(content_format: int, content: bytes) -> str:
    return content_text(decode_content(content, content_format))


def _attribute(content_format: int, content: bytes, key: str) -> str | int | float | None:
    """Return the last value of a key; a list or an object is JSON."""
    value = None
    for pair in decode_content(content, content_format).get("attributes", ()):
        if pair["key"] == key:
            value = unwrap(decode_value(pair.get("value")))
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
    return _to_text(value)
