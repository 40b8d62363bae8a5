"""Spans in responses: OTLP's Span in protobuf's JSON, with the .proto's field names and ids in base64.

A span is rendered as text directly from its stored JSON. A trace may have 100,000 spans with 50 values each, and the
text of a value takes a third of the time of an object that is encoded afterwards.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as quote
from typing import Any, Final

import orjson

from kayba_local.cost.json_values import has_few_values
from kayba_local.otlp.fields import MAX_TIME_NS
from kayba_local.otlp.records import TRACE_ID_PREFIX
from kayba_local.otlp.spans import parent_id_of
from kayba_local.otlp.values import JSON_STARTS, MAX_LEVELS, decode_value, encode_double, unwrap

_REQUEST_ID: Final = "mlflow.traceRequestId"
_STATUS: Final = ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")
_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_INEXACT: Final = 2.0**63
_NULL: Final = "{}"
_TRUE: Final = '{"bool_value":true}'
_FALSE: Final = '{"bool_value":false}'


class _NotFastError(Exception):
    """A JSON text that needs the slower parser: too deep, or with an integer that became a float."""


def render_span(span: Mapping[str, Any]) -> str:
    """Return the JSON of a stored span for a response, without the fields that are unknown or empty."""
    trace_id, parent_id = span["traceId"].lower(), parent_id_of(span)
    values = {pair["key"]: _render_unwrapped(pair.get("value")) for pair in span.get("attributes", ())}
    values[_REQUEST_ID] = f'{{"string_value":"{TRACE_ID_PREFIX}{trace_id}"}}'
    parts = [f'{{"trace_id":"{_base64(trace_id)}","span_id":"{_base64(span["spanId"])}"']
    if parent_id is not None:
        parts.append(f'"parent_span_id":"{_base64(parent_id)}"')
    parts.append(f'"name":{quote(span["name"])},"start_time_unix_nano":{int(span["startTimeUnixNano"])}')
    if end_ns := int(span.get("endTimeUnixNano", 0)):
        parts.append(f'"end_time_unix_nano":{end_ns}')
    parts.append(f'"attributes":{_render_pairs(values)}')
    if events := span.get("events"):
        parts.append(f'"events":[{",".join(map(_render_event, events))}]')
    if links := span.get("links"):
        parts.append(f'"links":[{",".join(map(_render_link, links))}]')
    parts.append(f'"status":{_render_status(span.get("status", {}))}}}')
    return ",".join(parts)


def _render_status(status: Mapping[str, Any]) -> str:
    code = f'{{"code":"{_STATUS[int(status.get("code", 0))]}"'
    message = status.get("message")
    return f'{code},"message":{quote(message)}}}' if message else f"{code}}}"


def _render_event(event: Mapping[str, Any]) -> str:
    # Clients may send larger times, but a response must contain a 64-bit integer.
    time_ns = min(int(event.get("timeUnixNano", 0)), MAX_TIME_NS)
    attributes = _render_attributes(event.get("attributes", ()))
    return f'{{"name":{quote(event.get("name", ""))},"time_unix_nano":{time_ns},"attributes":{attributes}}}'


def _render_link(link: Mapping[str, Any]) -> str:
    attributes = _render_attributes(link.get("attributes", ()))
    trace_id, span_id = _base64(link["traceId"]), _base64(link["spanId"])
    return f'{{"trace_id":"{trace_id}","span_id":"{span_id}","attributes":{attributes}}}'


def _render_attributes(pairs: Iterable[Mapping[str, Any]]) -> str:
    """Return the attributes of an event or a link, whose strings contain no JSON."""
    return _render_pairs({pair["key"]: _render_otlp(pair.get("value")) for pair in pairs})


def _render_pairs(values: Mapping[str, str]) -> str:
    return "[" + ",".join([f'{{"key":{quote(key)},"value":{value}}}' for key, value in values.items()]) + "]"


def _render_unwrapped(value: Mapping[str, Any] | None) -> str:
    """Return an attribute of a span. A string with a JSON string, list or object inside becomes that value."""
    text = value.get("stringValue") if value else None
    if text is None or text.lstrip()[:1] not in JSON_STARTS or not has_few_values(text):
        return _render_otlp(value)
    try:
        return _render_plain(orjson.loads(text), MAX_LEVELS)
    except (ValueError, _NotFastError):
        return _render_decoded(unwrap(text))


def _render_otlp(value: Mapping[str, Any] | None) -> str:
    """Return a stored AnyValue."""
    if not value:
        return _NULL
    kind, content = next(iter(value.items()))
    if kind == "stringValue":
        return '{"string_value":' + quote(content) + "}"
    if kind == "boolValue":
        return _TRUE if content else _FALSE
    return _render_decoded(decode_value(value))


def _render_plain(value: Any, levels: int) -> str:
    """Return a value of a parsed JSON text.

    Raises:
        _NotFastError: The text has too many levels, or a number that the parser cannot represent.
    """
    # The most frequent types first; comparing types takes half the time of `match`.
    kind = type(value)
    if kind is str:
        return '{"string_value":' + quote(value) + "}"
    if kind is dict:
        below = _descend(levels)
        members = [
            # A call for each text would take a third of the time of an object.
            '{"key":' + quote(key) + ',"value":{"string_value":' + quote(item) + "}}"
            if type(item) is str
            else '{"key":' + quote(key) + ',"value":' + _render_plain(item, below) + "}"
            for key, item in value.items()
        ]
        return '{"kvlist_value":{"values":[' + ",".join(members) + "]}}"
    if kind is list:
        below = _descend(levels)
        return '{"array_value":{"values":[' + ",".join([_render_plain(item, below) for item in value]) + "]}}"
    if kind is int and _MIN_INT64 <= value <= _MAX_INT64:
        return '{"int_value":' + str(value) + "}"
    if kind is float:
        # The parser returns integers beyond 64 bits as floats, without their last digits.
        if not -_INEXACT < value < _INEXACT:
            raise _NotFastError
        return '{"double_value":' + repr(value) + "}"
    return _render_scalar(value)


def _descend(levels: int) -> int:
    if not levels:
        raise _NotFastError
    return levels - 1


def _render_decoded(value: Any) -> str:
    """Return a Python value of any type that a stored span contains."""
    if isinstance(value, list):
        return '{"array_value":{"values":[' + ",".join(map(_render_decoded, value)) + "]}}"
    if isinstance(value, dict):
        pairs = _render_pairs({key: _render_decoded(item) for key, item in value.items()})
        return '{"kvlist_value":{"values":' + pairs + "}}"
    return _render_scalar(value)


def _render_scalar(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, str):
        return f'{{"string_value":{quote(value)}}}'
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, int):
        return f'{{"int_value":{value}}}' if _MIN_INT64 <= value <= _MAX_INT64 else f'{{"string_value":"{value}"}}'
    if isinstance(value, float):
        return f'{{"double_value":{value!r}}}' if math.isfinite(value) else _render_infinite(value)
    return f'{{"bytes_value":"{base64.b64encode(value).decode()}"}}'


def _render_infinite(value: float) -> str:
    return f'{{"double_value":"{encode_double(value)}"}}'


@lru_cache(maxsize=1024)
def _base64(identifier: str) -> str:
    return base64.b64encode(bytes.fromhex(identifier)).decode()
