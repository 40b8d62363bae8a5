"""The artifact `traces.json`: a trace's spans in the format of MLflow's clients, with attributes as JSON texts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from kayba_local.cost.json_values import count_separators
from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.records import TRACE_ID_PREFIX, Batch, InvalidSpans, encode_resource
from kayba_local.otlp.values import encode_attributes, encode_value, parse_json

MAX_SEPARATORS: Final = 1_500_000
"""Limit of the brackets and commas in a file, also of those in its texts, because the attributes are JSON in texts."""

_TRACE_ID_DIGITS: Final = 32
_SPAN_ID_DIGITS: Final = 16
_STATUS_CODES: Final[Mapping[str, int]] = {"UNSET": 0, "OK": 1, "ERROR": 2}


def read_artifact(content: bytes, trace_id: str) -> Batch:
    """Read the spans of a trace's artifact.

    Args:
        content: The content of the file.
        trace_id: The id of the trace that the file was uploaded for.

    Raises:
        InvalidSpans: The file has another format, or contains a span of another trace.
    """
    if count_separators(content) > MAX_SEPARATORS:
        raise InvalidSpans(f"The file has more than {MAX_SEPARATORS:,} values: it is too large for this server.")
    batch, resource = Batch(), encode_resource(())
    for record in _iterate_records(content):
        if TRACE_ID_PREFIX + record["traceId"] != trace_id:
            raise InvalidSpans(f"The file contains a span of {TRACE_ID_PREFIX}{record['traceId']}, not of {trace_id}.")
        try:
            batch.add(record, resource)
        except InvalidField as error:
            raise InvalidSpans(f"span {batch.count + 1} of the file: {error}") from error
    return batch


def _iterate_records(content: bytes) -> Iterator[dict[str, Any]]:
    # One at a time: the values of a span take ten times the memory of their JSON.
    try:
        for span in orjson.loads(content)["spans"]:
            yield _to_otlp_json(span)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidSpans(f"The body is not a file of spans: {type(error).__name__} {error}") from error


def _to_otlp_json(span: Mapping[str, Any]) -> dict[str, Any]:
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
            {"key": key, "value": encode_value(parse_json(value) if isinstance(value, str) else value)}
            for key, value in (span.get("attributes") or {}).items()
        ],
        "events": [
            {
                "name": _text(event["name"]),
                "timeUnixNano": _time(event["time_unix_nano"]),
                "attributes": encode_attributes(event.get("attributes") or {}),
            }
            for event in span.get("events") or ()
        ],
        "links": [
            {
                "traceId": _hex(link["trace_id"], _TRACE_ID_DIGITS),
                "spanId": _hex(link["span_id"], _SPAN_ID_DIGITS),
                "attributes": encode_attributes(link.get("attributes") or {}),
            }
            for link in span.get("links") or ()
        ],
        "status": {
            # MLflow 3.5 wrote "OK"; later versions write "STATUS_CODE_OK".
            "code": _STATUS_CODES[status.get("code", "UNSET").removeprefix("STATUS_CODE_")],
            "message": _text(status.get("message") or ""),
        },
    }


def _hex(identifier: str, digits: int) -> str:
    """Return an id as hex digits, from base64 or, as MLflow 3.5 wrote it, from hex."""
    plain = identifier.removeprefix(TRACE_ID_PREFIX).lower()
    if len(plain) == digits:
        return bytes.fromhex(plain).hex()
    try:
        decoded = base64.b64decode(identifier, validate=True).hex()
    except binascii.Error as error:
        raise ValueError(f"{identifier!r} is not a valid id") from error
    if len(decoded) != digits:
        raise ValueError(f"the id {identifier!r} has the wrong length")
    return decoded


def _time(ns: Any) -> int:
    if int(ns) < 0:
        raise ValueError("a time is before 1970")
    return int(ns)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
