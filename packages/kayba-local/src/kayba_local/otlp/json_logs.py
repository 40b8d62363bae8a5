"""OTLP/HTTP requests of log records in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kayba_local.otlp import json_scalars as scalars
from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.json_mapping import read_key_values, read_list, read_member, read_object
from kayba_local.otlp.json_scalars import Convert
from kayba_local.otlp.log_events import BODY_ATTRIBUTE, NAME_ATTRIBUTE, LogBatch, event_name_of
from kayba_local.otlp.records import InvalidSpans


def read(request: Any) -> LogBatch:
    """Read the events in a parsed ExportLogsServiceRequest. Events that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The value is not such a request.
    """
    batch = LogBatch()
    try:
        records = list(_iterate_records(request))
    except InvalidField as error:
        raise InvalidSpans(f"body.resourceLogs: {error}") from error
    for record in records:
        try:
            _read_record(batch, read_object(record))
        except InvalidField as error:
            batch.reject(error)
    return batch


def write_response(batch: LogBatch) -> dict[str, Any]:
    """Return the response to a request: empty, or the number of rejected log records and the reason."""
    if not batch.rejected:
        return {}
    # Protobuf's JSON writes 64-bit integers as text.
    return {"partialSuccess": {"rejectedLogRecords": str(batch.rejected), "errorMessage": batch.describe_rejections()}}


def _iterate_records(request: Any) -> Iterator[Any]:
    for resource_logs in read_list(read_member(read_object(request), "resourceLogs")):
        for scope_logs in read_list(read_member(read_object(resource_logs), "scopeLogs")):
            yield from read_list(read_member(read_object(scope_logs), "logRecords"))


def _read_record(batch: LogBatch, record: Mapping[str, Any]) -> None:
    attributes = read_list(record.get("attributes"))
    name = event_name_of(_find_text(attributes, NAME_ATTRIBUTE), read_member(record, "eventName"))
    trace_id = span_id = ""
    if name is not None:
        trace_id = _read_id(record, "traceId", scalars.read_linked_trace_id)
        span_id = _read_id(record, "spanId", scalars.read_linked_span_id)
    if name is None or not trace_id or not span_id:
        batch.discarded += 1
        return
    time_ns = _read_time(record, "timeUnixNano") or _read_time(record, "observedTimeUnixNano")
    (body,) = read_key_values([{"key": BODY_ATTRIBUTE, "value": record.get("body")}])
    batch.add(trace_id, span_id, scalars.read_name(name), time_ns, read_key_values(attributes), body["value"])


def _find_text(attributes: list[Any], key: str) -> Any:
    for pair in attributes:
        if isinstance(pair, dict) and pair.get("key") == key and isinstance(value := pair.get("value"), dict):
            return read_member(value, "stringValue")
    return None


def _read_id(record: Mapping[str, Any], name: str, convert: Convert) -> str:
    """Return an id; empty for none or one of zeros."""
    sent = read_member(record, name)
    if sent is None or sent == "":
        return ""
    try:
        identifier: str = convert(sent)
    except InvalidField as error:
        raise error.below(f".{name}") from None
    return identifier if identifier.strip("0") else ""


def _read_time(record: Mapping[str, Any], name: str) -> int:
    try:
        return scalars.read_event_time(read_member(record, name) or 0)
    except InvalidField as error:
        raise error.below(f".{name}") from None
