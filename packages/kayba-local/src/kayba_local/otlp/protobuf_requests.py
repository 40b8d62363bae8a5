"""OTLP/HTTP requests in protobuf, converted to OTLP's JSON form."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kayba_local.cost.protobuf_fields import MAX_SPAN_FIELDS, RESOURCE, SPAN, has_few_fields
from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.protobuf_messages import convert_span
from kayba_local.otlp.protobuf_records import read_record
from kayba_local.otlp.protobuf_values import MAX_MESSAGES, read_key_values, split_messages
from kayba_local.otlp.records import Batch, InvalidSpans, encode_resource, make_record

_RESOURCE_SPANS: Final = 1
_RESOURCE: Final = 1
_SCOPE_SPANS: Final = 2
_SPANS: Final = 2
"""Field numbers of the nested messages."""


def read(body: bytes) -> Batch:
    """Read the spans of an encoded ExportTraceServiceRequest. Spans that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The bytes are not such a message.
    """
    batch = Batch()
    try:
        groups = split_messages(body, _RESOURCE_SPANS)
    except DecodeError as error:
        raise InvalidSpans(f"The body is not an OTLP trace request in protobuf: {error}") from error
    for resource_spans in groups:
        try:
            resource = _decode_resource(split_messages(resource_spans, _RESOURCE))
            scopes = split_messages(resource_spans, _SCOPE_SPANS)
            contents = [content for scope_spans in scopes for content in split_messages(scope_spans, _SPANS)]
        except DecodeError as reason:
            batch.reject("", f"its group is not valid protobuf: {reason}")
            continue
        if batch.count + len(contents) > MAX_MESSAGES:
            raise InvalidSpans(f"The body has more than {MAX_MESSAGES:,} spans: send fewer in one request.")
        for content in contents:
            record = read_record(content, resource)
            if record is not None:
                batch.spans.append(record)
            else:
                _read_any_span(batch, content, resource)
    return batch


def write_response(batch: Batch) -> bytes:
    """Return the response to a request: empty, or the number of rejected spans and the reason."""
    response = ExportTraceServiceResponse()
    if batch.rejected:
        response.partial_success.rejected_spans = batch.rejected
        response.partial_success.error_message = batch.describe_rejections()
    return response.SerializeToString()


def _read_any_span(batch: Batch, content: bytes, resource: bytes) -> None:
    if not has_few_fields(content, SPAN):
        batch.reject("", f"it has more than {MAX_SPAN_FIELDS:,} fields")
        return
    try:
        span = Span.FromString(content)
    except DecodeError as reason:
        batch.reject("", f"it is not a span in protobuf: {reason}")
    else:
        _add(batch, span, content, resource)


def _decode_resource(encoded: list[bytes]) -> bytes:
    content = b"".join(encoded)
    if not has_few_fields(content, RESOURCE):
        return encode_resource(())
    try:
        return _encode_resource(Resource.FromString(content))
    except DecodeError:
        return encode_resource(())


def _encode_resource(resource: Resource) -> bytes:
    try:
        return encode_resource(read_key_values(resource.attributes))
    except InvalidField:
        return encode_resource(())


def _add(batch: Batch, span: Span, content: bytes, resource: bytes) -> None:
    try:
        batch.spans.append(make_record(convert_span(span), resource, content))
    except InvalidField as error:
        batch.reject(span.name, error)
