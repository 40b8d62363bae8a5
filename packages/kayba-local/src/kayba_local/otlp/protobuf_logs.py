"""OTLP/HTTP requests of log records in protobuf."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from kayba_local.otlp.fields import MAX_TIME_NS, InvalidField, check_name
from kayba_local.otlp.log_events import NAME_ATTRIBUTE, LogBatch, event_name_of
from kayba_local.otlp.protobuf_values import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_any_value,
    read_id,
    read_key_values,
)
from kayba_local.otlp.records import InvalidSpans


def read(body: bytes) -> LogBatch:
    """Read the events in an encoded ExportLogsServiceRequest. Events that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The bytes are not such a message.
    """
    batch = LogBatch()
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise InvalidSpans(f"The body is not an OTLP log request in protobuf: {error}") from error
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                try:
                    _read_record(batch, record)
                except InvalidField as error:
                    batch.reject(error)
    return batch


def write_response(batch: LogBatch) -> bytes:
    """Return the response to a request: empty, or the number of rejected log records and the reason."""
    response = ExportLogsServiceResponse()
    if batch.rejected:
        response.partial_success.rejected_log_records = batch.rejected
        response.partial_success.error_message = batch.describe_rejections()
    return response.SerializeToString()


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
