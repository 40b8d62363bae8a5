"""OTLP/HTTP requests of log records in protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from kayba_local.cost.protobuf_fields import LOG_RECORD, MAX_SPAN_FIELDS, has_few_fields
from kayba_local.otlp.fields import MAX_TIME_NS, InvalidField, check_name
from kayba_local.otlp.log_events import NAME_ATTRIBUTE, LogBatch, event_name_of
from kayba_local.otlp.protobuf_values import (
    MAX_MESSAGES,
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_any_value,
    read_id,
    read_key_values,
    split_messages,
)
from kayba_local.otlp.records import InvalidSpans

_RESOURCE_LOGS: Final = 1
_SCOPE_LOGS: Final = 2
_LOG_RECORDS: Final = 2
"""Field numbers of the nested messages."""


def read(body: bytes) -> LogBatch:
    """Read the events in an encoded ExportLogsServiceRequest. Events that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The bytes are not such a message.
    """
    batch = LogBatch()
    try:
        for content in _split_records(body):
            try:
                if not has_few_fields(content, LOG_RECORD):
                    raise InvalidField(f"has more than {MAX_SPAN_FIELDS:,} fields")
                _read_record(batch, LogRecord.FromString(content))
            except InvalidField as error:
                batch.reject(error)
    except DecodeError as error:
        raise InvalidSpans(f"The body is not an OTLP log request in protobuf: {error}") from error
    return batch


def write_response(batch: LogBatch) -> bytes:
    """Return the response to a request: empty, or the number of rejected log records and the reason."""
    response = ExportLogsServiceResponse()
    if batch.rejected:
        response.partial_success.rejected_log_records = batch.rejected
        response.partial_success.error_message = batch.describe_rejections()
    return response.SerializeToString()


def _split_records(body: bytes) -> Iterator[bytes]:
    count = 0
    for resource_logs in split_messages(body, _RESOURCE_LOGS):
        for scope_logs in split_messages(resource_logs, _SCOPE_LOGS):
            records = split_messages(scope_logs, _LOG_RECORDS)
            count += len(records)
            if count > MAX_MESSAGES:
                raise DecodeError(f"it has more than {MAX_MESSAGES:,} records")
            yield from records


def _read_record(batch: LogBatch, record: LogRecord) -> None:
    name = event_name_of(_find_text(record, NAME_ATTRIBUTE), record.event_name)
    if name is None or not any(record.trace_id) or not any(record.span_id):
        batch.discarded += 1
        return
    time_ns = min(record.time_unix_nano or record.observed_time_unix_nano, MAX_TIME_NS)
    batch.add(
        read_id(record.trace_id, TRACE_ID_BYTES),
        read_id(record.span_id, SPAN_ID_BYTES),
        check_name(name),
        time_ns,
        read_key_values(record.attributes),
        read_any_value(record.body),
    )


def _find_text(record: LogRecord, key: str) -> str | None:
    return next((pair.value.string_value for pair in record.attributes if pair.key == key), None)
