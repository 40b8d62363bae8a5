"""Partial success: an invalid span costs itself, and the response names the reason."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.helpers.tracing_requests import (
    SPANS,
    Json,
    get_trace,
    otlp,
    protobuf,
    search,
    search_ids,
    span,
    trace_id,
)

HEADERS = {"x-mlflow-experiment-id": "0"}
PROTOBUF = {**HEADERS, "Content-Type": "application/x-protobuf"}


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


def nested_object(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels):
        value = {"kvlistValue": {"values": [{"key": "a", "value": value}]}}
    return value


def without(field: str) -> Json:
    return {key: value for key, value in span().items() if key != field}


def attribute(value: Any, key: Any = "a") -> Json:
    return span() | {"attributes": [{"key": "fine", "value": {"intValue": 1}}, {"key": key, "value": value}]}


INVALID_SPANS: dict[str, tuple[Any, str]] = {
    "short trace id": (span() | {"traceId": "abc"}, "traceId is not an id of 32 hex digits"),
    "trace id of another alphabet": (span() | {"traceId": "z" * 32}, "traceId is not an id"),
    "trace id of zeros": (span(trace=0), "traceId is an id of zeros"),
    "no trace id": (without("traceId"), "traceId is missing"),
    "empty trace id": (span() | {"traceId": ""}, "traceId is not an id"),
    "null trace id": (span() | {"traceId": None}, "traceId is missing"),
    "trace id as a number": (span() | {"traceId": 7}, "traceId is not a text"),
    "short span id": (span() | {"spanId": "ab"}, "spanId is not an id of 16 hex digits"),
    "span id of zeros": (span(number=0), "spanId is an id of zeros"),
    "no span id": (without("spanId"), "spanId is missing"),
    "short parent id": (span() | {"parentSpanId": "ab"}, "parentSpanId is not an id"),
    "parent id as a number": (span() | {"parentSpanId": 1}, "parentSpanId is not a text"),
    "negative start": (span() | {"startTimeUnixNano": -1}, "startTimeUnixNano is before 1970"),
    "negative start as text": (span() | {"startTimeUnixNano": "-5"}, "startTimeUnixNano is before 1970"),
    "start after 2262": (span() | {"startTimeUnixNano": str(2**63)}, "startTimeUnixNano is after the year 2262"),
    "end after 2262": (span() | {"endTimeUnixNano": 2**64 - 1}, "endTimeUnixNano is after the year 2262"),
    "start as a date": (span() | {"startTimeUnixNano": "2026-11-22T17:38:03Z"}, "startTimeUnixNano is not an integer"),
    "start with a fraction": (span() | {"startTimeUnixNano": "1.5"}, "startTimeUnixNano is not an integer"),
    "end as a boolean": (span() | {"endTimeUnixNano": True}, "endTimeUnixNano is not an integer"),
    "time of an event": (span(events=[{"timeUnixNano": -1}]), "events[0].timeUnixNano is before 1970"),
    "name as a number": (span() | {"name": 3}, "name is not a text"),
    "name of 65,537 characters": (span(name="x" * 65_537), "name has more than 65,536 characters"),
    "key of 65,537 characters": (attribute({}, "x" * 65_537), "attributes[1] has more than 65,536 characters"),
    "key as a number": (attribute({}, 3), "attributes[1] is not a text"),
    "attribute as a text": (span() | {"attributes": ["a"]}, "attributes[0] is not an object"),
    "attribute as null": (span() | {"attributes": [None]}, "attributes[0] is not an object"),
    "attributes as an object": (span() | {"attributes": {"a": 1}}, "attributes is not a list"),
    "integer as a word": (attribute({"intValue": "x"}), "attributes[1].value.intValue is not an integer"),
    "integer beyond 64 bits": (attribute({"intValue": 10**30}), "attributes[1].value.intValue"),
    "value as a text": (attribute("plain"), "attributes[1].value is not an object"),
    "two kinds of value": (attribute({"stringValue": "a", "intValue": 1}), "attributes[1].value has more than one"),
    "lists 120 deep": (attribute(nested(120)), "is nested too deeply"),
    "objects 90 deep": (attribute(nested_object(90)), "is nested too deeply"),
    "kind beyond the enum": (span(kind=6), "kind is not defined by OTLP"),
    "kind as a word": (span(kind="CLIENT"), "kind is not an integer"),
    "status beyond the enum": (span(status={"code": 3}), "status.code is not defined by OTLP"),
    "status as a text": (span(status="OK"), "status is not an object"),
    "message as a number": (span(status={"message": 3}), "status.message is not a text"),
    "events as an object": (span(events={}), "events is not a list"),
    "event as a text": (span(events=["x"]), "events[0] is not an object"),
    "link without ids": (span(links=[{}]), "links[0].traceId is missing"),
    "link of a short id": (span(links=[{"traceId": "ab", "spanId": "cd" * 8}]), "links[0].traceId is not an id"),
    "negative count": (span(droppedEventsCount=-1), "droppedEventsCount is not an unsigned"),
    "two spellings": (span() | {"span_id": "ab" * 8}, "spanId is given in two spellings"),
    "span as a text": ("span", "is not an object"),
    "span as null": (None, "is not an object"),
    "span as a list": ([], "is not an object"),
}


@pytest.mark.parametrize(("invalid", "reason"), INVALID_SPANS.values(), ids=INVALID_SPANS)
@pytest.mark.parametrize("position", [0, 1])
def test_an_invalid_span_in_json_costs_itself(http: httpx.Client, invalid: Any, reason: str, position: int) -> None:
    spans = [span(trace=5, name="good")]
    spans.insert(position, invalid)
    response = http.post(SPANS, json=otlp(spans), headers=HEADERS)
    assert response.status_code == 200, response.text
    partial = response.json()["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert partial["errorMessage"].startswith(f"1 of 2 spans were rejected: span {position + 1}")
    assert reason in partial["errorMessage"]
    assert search_ids(http) == [trace_id(5)]
    assert [one["name"] for one in get_trace(http, trace_id(5))["spans"]] == ["good"]


def replaced(old: bytes, new: bytes, **fields: Any) -> bytes:
    """Return a request with a good span and a span whose bytes are changed without a change of their length."""
    return protobuf([span(trace=5, name="good"), span(**fields)]).replace(old, new)


def changed(**fields: Any) -> bytes:
    """Return a request with a good span and one with other values in its protobuf message."""
    request = ExportTraceServiceRequest.FromString(protobuf([span(trace=5, name="good"), span()]))
    invalid = request.resource_spans[0].scope_spans[0].spans[1]
    for name, value in fields.items():
        setattr(invalid, name, value)
    return request.SerializeToString()


def wrap(number: int, content: bytes) -> bytes:
    """Return a field of an encoded message."""
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return bytes([number << 3 | 2]) + size + content


def deep_protobuf() -> bytes:
    """Return a request with a good span and a span whose attribute has more levels than protobuf decodes."""
    value = b""
    for _ in range(120):
        value = wrap(5, wrap(1, value))
    key_value = wrap(1, b"a") + wrap(2, value)
    deep = wrap(1, b"t" * 16) + wrap(2, b"s" * 8) + wrap(9, key_value)
    good = protobuf([span(trace=5, name="good")])
    return good + wrap(1, wrap(2, wrap(2, deep)))


INVALID_PROTOBUF: dict[str, tuple[bytes, str]] = {
    "short trace id": (changed(trace_id=b"ab"), "2 bytes instead of 16"),
    "trace id of zeros": (changed(trace_id=bytes(16)), "id of zeros"),
    "no span id": (changed(span_id=b""), "0 bytes instead of 8"),
    "span id of zeros": (changed(span_id=bytes(8)), "id of zeros"),
    "short parent id": (changed(parent_span_id=b"a"), "1 bytes instead of 8"),
    "start after 2262": (changed(start_time_unix_nano=2**63), "2262"),
    "negative end": (changed(end_time_unix_nano=2**64 - 1), "2262"),
    "kind beyond the enum": (changed(kind=9), "kind"),
    "name of 65,537 characters": (changed(name="x" * 65_537), "more than 65,536 characters"),
    "name that is not UTF-8": (replaced(b"cut name", b"cut nam\xff", name="cut name"), "not a span in protobuf"),
    "attribute that is not UTF-8": (
        replaced(b"cut value", b"cut valu\xff", attributes={"a": "cut value"}),
        "not a span in protobuf",
    ),
    "deep value": (deep_protobuf(), "not a span in protobuf"),
}


@pytest.mark.parametrize(("body", "reason"), INVALID_PROTOBUF.values(), ids=INVALID_PROTOBUF)
def test_an_invalid_span_in_protobuf_costs_itself(http: httpx.Client, body: bytes, reason: str) -> None:
    response = http.post(SPANS, content=body, headers=PROTOBUF)
    assert response.status_code == 200, response.text
    partial = ExportTraceServiceResponse.FromString(response.content).partial_success
    assert partial.rejected_spans == 1
    assert partial.error_message.startswith("1 of 2 spans were rejected: span 2")
    assert reason in partial.error_message
    assert [one["name"] for one in get_trace(http, trace_id(5))["spans"]] == ["good"]
    assert search_ids(http) == [trace_id(5)]


def test_a_request_without_a_valid_span_returns_400(http: httpx.Client) -> None:
    for body, headers in ((json.dumps(otlp([span(trace=0)])).encode(), HEADERS), (protobuf([span(trace=0)]), PROTOBUF)):
        content_type = {"Content-Type": "application/json", **headers}
        response = http.post(SPANS, content=body, headers=content_type)
        assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "1 of 1 span was rejected: span 1 ('step'): " in response.json()["message"]
    assert search(http) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\xff\xff\xff no protobuf", "not an OTLP trace request"),
        (protobuf([span()])[:-3], "not an OTLP trace request"),
        (b"\x0a\x02\xff\xff", "group is not valid protobuf"),
    ],
)
def test_invalid_protobuf_returns_400(http: httpx.Client, body: bytes, message: str) -> None:
    response = http.post(SPANS, content=body, headers=PROTOBUF)
    assert response.status_code == 400
    assert message in response.json()["message"]
    assert search(http) == {}


@pytest.mark.parametrize(
    "body", [b"[]", b"3", b'"spans"', b'{"resourceSpans": {}}', b'{"resourceSpans": "x"}', b"null"]
)
def test_json_of_another_form_returns_400(http: httpx.Client, body: bytes) -> None:
    response = http.post(SPANS, content=body, headers={**HEADERS, "Content-Type": "application/json"})
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "resourceSpans" in response.json()["message"]


@pytest.mark.parametrize("group", [None, 3, {"scopeSpans": 3}, {"scopeSpans": [None]}, {"scopeSpans": [{"spans": {}}]}])
def test_an_invalid_group_costs_itself(http: httpx.Client, group: Any) -> None:
    body = {"resourceSpans": [group, *otlp([span(trace=5)])["resourceSpans"]]}
    partial = http.post(SPANS, json=body, headers=HEADERS).raise_for_status().json()["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert "Spans" in partial["errorMessage"]
    assert search_ids(http) == [trace_id(5)]


@pytest.mark.parametrize(
    "resource", [3, {"attributes": 3}, {"attributes": [3, {"key": "b", "value": {"intValue": "x"}}]}]
)
def test_an_invalid_resource_costs_its_own_tags(http: httpx.Client, resource: Any) -> None:
    body = otlp([span()], {"service.name": "mine"})
    if isinstance(resource, dict) and isinstance(resource["attributes"], list):
        resource["attributes"] += body["resourceSpans"][0]["resource"]["attributes"]
    body["resourceSpans"][0]["resource"] = resource
    assert http.post(SPANS, json=body, headers=HEADERS).raise_for_status().json() == {}
    tags = get_trace(http, trace_id(1))["trace_info"]["tags"]
    assert ("service.name" in tags) == (isinstance(resource, dict) and isinstance(resource["attributes"], list))


def test_many_rejections_are_counted_and_three_are_explained(http: httpx.Client) -> None:
    invalid = [span(number=0, name=f"bad {number}") for number in range(50)]
    response = http.post(SPANS, json=otlp([*invalid, span()]), headers=HEADERS)
    partial = response.raise_for_status().json()["partialSuccess"]
    assert partial["rejectedSpans"] == "50"
    assert "50 of 51 spans" in partial["errorMessage"]
    assert "('bad 2')" in partial["errorMessage"]
    assert "bad 3" not in partial["errorMessage"]
    assert "and 47 more" in partial["errorMessage"]
    assert len(partial["errorMessage"]) < 500


def test_a_reason_does_not_contain_values(http: httpx.Client) -> None:
    secret = attribute({"intValue": "kb-secret"})
    response = http.post(SPANS, json=otlp([secret, span(trace=5)]), headers=HEADERS)
    assert "kb-secret" not in response.text


def test_a_link_to_an_invalid_span_context_is_kept(http: httpx.Client) -> None:
    link = {"traceId": "0" * 32, "spanId": "0" * 16}
    assert http.post(SPANS, json=otlp([span(links=[link])]), headers=HEADERS).raise_for_status().json() == {}
    (read,) = get_trace(http, trace_id(1))["spans"]
    assert len(read["links"]) == 1


def test_a_message_over_the_limit_is_cut(http: httpx.Client) -> None:
    failed = span(status={"code": 2, "message": "x" * 1_000_001})
    for body, headers in ((json.dumps(otlp([failed])).encode(), HEADERS), (protobuf([failed]), PROTOBUF)):
        http.post(SPANS, content=body, headers={"Content-Type": "application/json", **headers}).raise_for_status()
        (read,) = get_trace(http, trace_id(1))["spans"]
        assert len(read["status"]["message"]) == 1_000_000
