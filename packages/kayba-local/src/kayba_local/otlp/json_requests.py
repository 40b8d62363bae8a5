"""OTLP/HTTP requests in JSON."""

from __future__ import annotations

import json
from typing import Any

import orjson

from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.json_mapping import normalize_span, read_key_values, read_list, read_member, read_object
from kayba_local.otlp.records import Batch, InvalidSpans, encode_resource


def parse(body: bytes) -> Any:
    """Parse the body of a request.

    Raises:
        InvalidSpans: The body is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Python's parser also takes NaN, lone surrogates and deeper nesting, which other JSON encoders write.
        try:
            return json.loads(body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            raise InvalidSpans(f"The body is not valid JSON: {error}") from error


def read(request: Any) -> Batch:
    """Read the spans of a parsed ExportTraceServiceRequest. Spans that cannot be stored are rejected one by one.

    Raises:
        InvalidSpans: The value is not such a request.
    """
    batch = Batch()
    try:
        groups = read_list(read_member(read_object(request), "resourceSpans"))
    except InvalidField as error:
        raise InvalidSpans(f"body.resourceSpans: {error}") from error
    for resource_spans in groups:
        try:
            _read_resource_spans(batch, read_object(resource_spans))
        except InvalidField as error:
            batch.reject("", f"resourceSpans: {error}")
    return batch


def write_response(batch: Batch) -> dict[str, Any]:
    """Return the response to a request: empty, or the number of rejected spans and the reason."""
    if not batch.rejected:
        return {}
    # Protobuf's JSON writes 64-bit integers as text.
    return {"partialSuccess": {"rejectedSpans": str(batch.rejected), "errorMessage": batch.describe_rejections()}}


def _read_resource_spans(batch: Batch, group: dict[str, Any]) -> None:
    resource = _read_resource(read_member(group, "resource"))
    for scope_spans in read_list(read_member(group, "scopeSpans")):
        try:
            spans = read_list(read_member(read_object(scope_spans), "spans"))
        except InvalidField as error:
            batch.reject("", f"scopeSpans: {error}")
            continue
        for span in spans:
            try:
                batch.add(normalize_span(span), resource)
            except InvalidField as error:
                batch.reject(_name_of(span), error)


def _read_resource(resource: Any) -> bytes:
    """Return the encoded tags of a resource. Invalid attributes of a resource are skipped: its spans are valid."""
    attributes = []
    try:
        for pair in read_list((read_object(resource) if resource is not None else {}).get("attributes")):
            try:
                attributes += read_key_values([pair])
            except InvalidField:
                continue
    except InvalidField:
        return encode_resource(())
    return encode_resource(attributes)


def _name_of(span: Any) -> str:
    name = span.get("name") if isinstance(span, dict) else None
    return name if isinstance(name, str) else ""
