"""OTLP in JSON: values in every spelling of protobuf's JSON mapping, compared with protobuf's own parser."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.helpers.tracing_requests import SPANS, START_NS, Json, attributes, get_trace, otlp, span, trace_id

from kayba_local.otlp.fields import InvalidField
from kayba_local.otlp.json_mapping import normalize_span, read_key_values
from kayba_local.otlp.json_requests import parse
from kayba_local.otlp.protobuf_messages import convert_span
from kayba_local.otlp.protobuf_values import read_any_value

HEADERS = {"x-mlflow-experiment-id": "0", "Content-Type": "application/json"}


def post(http: httpx.Client, body: str | bytes | Json) -> Json:
    content = json.dumps(body) if isinstance(body, dict) else body
    response: Json = http.post(SPANS, content=content, headers=HEADERS).raise_for_status().json()
    return response


def read_value(value: Any) -> Any:
    """Return an AnyValue in the stored form."""
    (pair,) = read_key_values([{"key": "k", "value": value}])
    return pair["value"]


def parse_officially(value: Any) -> Any:
    """Return an AnyValue in the stored form, read by protobuf's own parser."""
    return read_any_value(json_format.ParseDict(value, AnyValue()))


VALUES: list[Any] = [
    {"intValue": 5},
    {"intValue": "5"},
    {"intValue": "-5"},
    {"intValue": 5.0},
    {"intValue": 1e3},
    {"intValue": str(2**63 - 1)},
    {"intValue": -(2**63)},
    {"int_value": "7"},
    {"doubleValue": 1.5},
    {"doubleValue": 2},
    {"doubleValue": "1.5"},
    {"doubleValue": "-1.5e-3"},
    {"doubleValue": "1E3"},
    {"doubleValue": "7"},
    {"doubleValue": "NaN"},
    {"doubleValue": "Infinity"},
    {"doubleValue": "-Infinity"},
    {"double_value": "2.5"},
    {"boolValue": False},
    {"bool_value": True},
    {"stringValue": ""},
    {"string_value": "5"},
    {"bytesValue": "AP/+"},
    {"bytesValue": "AP_-"},
    {"bytesValue": "AA=="},
    {"bytesValue": "AA"},
    {"bytesValue": ""},
    {"bytes_value": "__8"},
    {"stringValue": None},
    {"stringValue": None, "intValue": "3"},
    {},
    {"arrayValue": {"values": [{"intValue": "1"}, {"doubleValue": "2"}]}},
    {"array_value": {}},
    {"arrayValue": {"values": None}},
    {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}, {"key": "b", "value": None}]}},
    {"kvlist_value": {"values": [{"value": {"boolValue": True}}]}},
]


@pytest.mark.parametrize("value", VALUES, ids=json.dumps)
def test_a_value_is_read_as_protobufs_parser_reads_it(value: Any) -> None:
    assert read_value(value) == parse_officially(value)


# The mapping allows an exponent in an integer; protobuf's parser for Python does not read it in text.
@pytest.mark.parametrize(("text", "number"), [("1e3", 1000), ("1.50E2", 150), ("10e-1", 1), ("-0", 0), ("0e999", 0)])
def test_an_integer_may_have_an_exponent(text: str, number: int) -> None:
    assert read_value({"intValue": text}) == {"intValue": number}


INVALID_VALUES: list[tuple[Any, str]] = [
    ({"intValue": ""}, "intValue is not an integer"),
    ({"intValue": " 5"}, "intValue is not an integer"),
    ({"intValue": "5.5"}, "intValue is not an integer"),
    ({"intValue": 5.5}, "intValue is not an integer"),
    ({"intValue": "five"}, "intValue is not an integer"),
    ({"intValue": "1e-1"}, "intValue is not an integer"),
    ({"intValue": True}, "intValue is not an integer"),
    ({"intValue": [1]}, "intValue is not an integer"),
    ({"intValue": "1" * 25}, "intValue is out of range"),
    ({"intValue": "1e400000000"}, "intValue is out of range"),
    ({"intValue": 2**63}, "intValue is not a 64-bit integer"),
    ({"doubleValue": "nan"}, "doubleValue is not a number"),
    ({"doubleValue": "inf"}, "doubleValue is not a number"),
    ({"doubleValue": "1,5"}, "doubleValue is not a number"),
    ({"doubleValue": ""}, "doubleValue is not a number"),
    ({"doubleValue": True}, "doubleValue is not a number"),
    ({"boolValue": "true"}, "boolValue is not true or false"),
    ({"boolValue": 1}, "boolValue is not true or false"),
    ({"stringValue": 3}, "stringValue is not a text"),
    ({"stringValue": {}}, "stringValue is not a text"),
    ({"bytesValue": 3}, "bytesValue is not a text"),
    ({"stringValue": "a", "intValue": 3}, "has more than one kind of value"),
    ({"arrayValue": []}, "arrayValue is not an object"),
    ({"arrayValue": {"values": {}}}, "arrayValue is not a list"),
    ({"arrayValue": {"values": [{}, 3]}}, "arrayValue.values[1] is not an object"),
    ({"kvlistValue": {"values": [None]}}, "kvlistValue[0] is not an object"),
    ({"kvlistValue": {"values": [{"key": 3}]}}, "kvlistValue[0] is not a text"),
    ("text", "is not an object"),
    ([], "is not an object"),
]


@pytest.mark.parametrize(("value", "message"), INVALID_VALUES, ids=lambda value: json.dumps(value)[:40])
def test_an_invalid_value_is_named_by_its_path(value: Any, message: str) -> None:
    with pytest.raises(InvalidField) as raised:
        read_value(value)
    assert message in str(raised.value)
    assert str(raised.value).startswith("[0].value")


def test_names_may_be_in_snake_case_and_enums_in_words() -> None:
    read = normalize_span(
        {
            "trace_id": "AB" * 16,
            "span_id": "cd" * 8,
            "parent_span_id": "EF" * 8,
            "name": "step",
            "kind": "SPAN_KIND_CLIENT",
            "start_time_unix_nano": str(START_NS),
            "end_time_unix_nano": START_NS + 1,
            "dropped_attributes_count": "2",
            "events": [{"time_unix_nano": "5", "name": "e"}],
            "status": {"code": "STATUS_CODE_ERROR", "message": "boom"},
            "links": None,
            "attributes": None,
            "unknown_field": {"a": 1},
        }
    )
    assert read == {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "parentSpanId": "ef" * 8,
        "name": "step",
        "kind": 3,
        "startTimeUnixNano": START_NS,
        "endTimeUnixNano": START_NS + 1,
        "droppedAttributesCount": 2,
        "events": [{"timeUnixNano": 5, "name": "e"}],
        "status": {"code": 2, "message": "boom"},
    }


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", ["SPAN_KIND_SERVER", 2, 2.0, "2"]),
        ("startTimeUnixNano", [str(START_NS), START_NS, float(START_NS), "1.795e18"]),
        ("flags", [1, "1", 1.0, "1e0"]),
    ],
)
def test_a_number_may_be_a_number_a_text_or_a_name(field: str, values: list[Any]) -> None:
    read = [normalize_span({**span(), field: value})[field] for value in values]
    expected = normalize_span({**span(), field: values[0]})[field]
    assert all(abs(value - expected) < 10**15 for value in read)
    assert {type(value) for value in read} == {int}


def test_absent_fields_have_protobufs_defaults() -> None:
    least = {"traceId": "ab" * 16, "spanId": "cd" * 8}
    assert normalize_span(least) == {**least, "name": "", "startTimeUnixNano": 0}
    absent = dict.fromkeys(["name", "kind", "startTimeUnixNano", "endTimeUnixNano", "status", "events"])
    assert normalize_span({**least, **absent}) == normalize_span(least)


spans_of_protobuf = st.builds(
    lambda name, kind, start, values, code: Span(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        name=name,
        kind=kind,
        start_time_unix_nano=start,
        attributes=[{"key": str(index), "value": value} for index, value in enumerate(values)],
        status={"code": code, "message": name},
    ),
    st.text(max_size=5),
    st.integers(0, 5),
    st.integers(0, 2**62),
    st.lists(
        st.one_of(
            st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
            st.builds(AnyValue, double_value=st.floats()),
            st.builds(AnyValue, bytes_value=st.binary(max_size=9)),
            st.builds(AnyValue, string_value=st.text(max_size=5)),
        ),
        max_size=4,
    ),
    st.integers(0, 2),
)


@settings(deadline=None)
@given(spans_of_protobuf, st.booleans(), st.booleans())
def test_the_output_of_protobufs_json_writer_is_read(message: Any, snake_case: bool, numbers: bool) -> None:
    options: Any = {"preserving_proto_field_name": snake_case, "use_integers_for_enums": numbers}
    written = json.loads(json_format.MessageToJson(message, **options))
    assert normalize_span(written) == convert_span(message)


def test_a_lone_surrogate_costs_one_character(http: httpx.Client) -> None:
    body = json.dumps(otlp([span(attributes={"a": "cut here"}), span(number=2, parent=1)])).replace("here", "\\ud83d")
    assert post(http, body) == {}
    first, _ = get_trace(http, trace_id(1))["spans"]
    assert attributes(first)["a"] == "cut �"


@pytest.mark.parametrize(("literal", "read"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e999", "Infinity")])
def test_numbers_that_json_does_not_define_are_read(http: httpx.Client, literal: str, read: str) -> None:
    body = json.dumps(otlp([span(attributes={"a": 0.5})])).replace("0.5", literal)
    assert post(http, body) == {}
    assert attributes(get_trace(http, trace_id(1))["spans"][0])["a"] == read


def test_bytes_that_are_not_utf_8_cost_one_character(http: httpx.Client) -> None:
    body = json.dumps(otlp([span(name="cut here")])).encode().replace(b"here", b"\xff")
    assert post(http, body) == {}
    assert get_trace(http, trace_id(1))["spans"][0]["name"] == "cut �"


def test_a_request_without_spans_is_accepted(http: httpx.Client) -> None:
    for body in (
        "{}",
        '{"resourceSpans": []}',
        '{"resource_spans": null}',
        '{"resourceSpans": [{"scopeSpans": [{}]}]}',
    ):
        assert post(http, body) == {}


def test_an_equal_span_in_another_spelling_changes_nothing() -> None:
    assert parse(b'{"a": 1}') == {"a": 1}
    sent = span(attributes={"n": 3, "x": 1.5}, status={"code": 1}, kind=1)
    other = {
        "status": {"code": "STATUS_CODE_OK"},
        "kind": "SPAN_KIND_INTERNAL",
        "attributes": [
            {"value": {"int_value": "3"}, "key": "n"},
            {"value": {"double_value": "1.5"}, "key": "x"},
        ],
        **{key: sent[key] for key in ("traceId", "spanId", "name", "startTimeUnixNano", "endTimeUnixNano")},
    }
    assert normalize_span(other) == normalize_span(sent)
