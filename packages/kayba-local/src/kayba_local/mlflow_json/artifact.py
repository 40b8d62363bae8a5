"""The file traces.json: a trace's spans as MLflow's clients write them, attributes as JSON texts by key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import orjson

from kayba_local.otlp.records import TRACE_ID_PREFIX, Batch, InvalidSpans
from kayba_local.otlp.values import any_value, key_values, parsed

_TRACE_ID_DIGITS: Final = 32
_SPAN_ID_DIGITS: Final = 16
_STATUS_CODES: Final[Mapping[str, int]] = {"UNSET": 0, "OK": 1, "ERROR": 2}


def read_artifact(content: bytes, trace_id: str) -> Batch:
    """The spans of a trace's file.

    Args:
        content: The file.
        trace_id: The trace that it was sent for.

    Raises:
        InvalidSpans: A file that is not of this form, or holds spans of another trace.
    """
    try:
        spans = orjson.loads(content)["spans"]
        records = [_read_span(span) for span in spans]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidSpans(f"The body is not a file of spans: {type(error).__name__} {error}") from error
    batch = Batch()
    for record in records:
        if TRACE_ID_PREFIX + record["traceId"] != trace_id:
            raise InvalidSpans(f"The file holds a span of {TRACE_ID_PREFIX}{record['traceId']}, not of {trace_id}.")
        batch.add(record, {})
    return batch


def _read_span(span: Mapping[str, Any]) -> dict[str, Any]:
    parent_id = span.get("parent_span_id")
    status = span.get("status") or {}
    return {
        "traceId": _hex(span["trace_id"], _TRACE_ID_DIGITS),
        "spanId": _hex(span["span_id"], _SPAN_ID_DIGITS),
        "parentSpanId": _hex(parent_id, _SPAN_ID_DIGITS) if parent_id else "",
        "name": _text(span["name"]),
        "startTimeUnixNano": _time(span["start_time_unix_nano"]),
        "endTimeUnixNano": _time(span.get("end_time_unix_nano") or 0),
        "attributes": [
            {"key": key, "value": any_value(parsed(value) if isinstance(value, str) else value)}
            for key, value in (span.get("attributes") or {}).items()
        ],
        "events": [
            {
                "name": _text(event["name"]),
                "timeUnixNano": _time(event["time_unix_nano"]),
                "attributes": key_values(event.get("attributes") or {}),
            }
            for event in span.get("events") or ()
        ],
        "links": [
            {
                "traceId": _hex(link["trace_id"], _TRACE_ID_DIGITS),
                "spanId": _hex(link["span_id"], _SPAN_ID_DIGITS),
                "attributes": key_values(link.get("attributes") or {}),
            }
            for link in span.get("links") or ()
        ],
        "status": {
            # "STATUS_CODE_OK" today, "OK" in files of 3.5
            "code": _STATUS_CODES[status.get("code", "UNSET").removeprefix("STATUS_CODE_")],
            "message": _text(status.get("message") or ""),
        },
    }


def _hex(identifier: str, digits: int) -> str:
    """An id as hex digits; files have it in base64, those of MLflow 3.5 in hex."""
    plain = identifier.removeprefix(TRACE_ID_PREFIX).lower()
    if len(plain) == digits:
        return bytes.fromhex(plain).hex()
    try:
        decoded = base64.b64decode(identifier, validate=True).hex()
    except binascii.Error as error:
        raise ValueError(f"{identifier!r} is no id") from error
    if len(decoded) != digits:
        raise ValueError(f"{identifier!r} is an id of the wrong length")
    return decoded


def _time(ns: Any) -> int:
    if int(ns) < 0:
        raise ValueError("a time before 1970")
    return int(ns)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} instead of a text")
    return value
