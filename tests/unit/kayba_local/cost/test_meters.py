"""Meters: the number of values in a body, however it is cut into pieces, and the work that they cause."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.helpers.hostile_requests import length_delimited

from kayba_local.cost.json_values import JsonValueMeter
from kayba_local.cost.meter import Meter, TooManyValues
from kayba_local.cost.protobuf_fields import SPAN, TRACE_REQUEST, ProtobufFieldMeter, has_few_fields

texts = st.text(max_size=8) | st.sampled_from(['"', "\\", '\\"', "[{,", '",'])
json_values = st.recursive(
    st.none() | st.integers() | texts,
    lambda below: st.lists(below, max_size=5) | st.dictionaries(texts, below, max_size=5),
    max_leaves=30,
)
any_values = st.recursive(
    st.builds(AnyValue, string_value=st.text(max_size=300)) | st.builds(AnyValue, int_value=st.integers(0, 2**40)),
    lambda below: (
        st.builds(lambda values: AnyValue(array_value=ArrayValue(values=values)), st.lists(below, max_size=4))
        | st.builds(
            lambda values: AnyValue(kvlist_value=KeyValueList(values=values)),
            st.lists(st.builds(KeyValue, key=st.text(max_size=5), value=below), max_size=4),
        )
    ),
    max_leaves=12,
)
spans = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16),
    start_time_unix_nano=st.integers(0, 2**63),
    kind=st.integers(0, 5),
    flags=st.integers(0, 3),
    attributes=st.lists(st.builds(KeyValue, key=st.text(max_size=5), value=any_values), max_size=4),
    events=st.lists(st.builds(Span.Event, name=st.text(max_size=200)), max_size=3),
)


def limit_of(meters: type[Meter] | Any, body: bytes, cuts: list[int]) -> int:
    """Return the smallest limit that a body is within, when it arrives in pieces."""
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    limit = 0
    while True:
        meter = meters(limit)
        try:
            for start, end in pairwise(places):
                meter.feed(body[start:end])
        except TooManyValues:
            limit += 1
        else:
            return limit


def count_json(value: Any) -> int:
    """Return the opening brackets and commas of a value as JSON."""
    members = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    if members is None:
        return 0
    return 1 + max(len(members) - 1, 0) + sum(map(count_json, members))


@given(json_values, st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_json_values_are_counted_outside_of_texts(value: Any, cuts: list[int], ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode()
    # A body of too few bytes for its limit is not counted.
    assert limit_of(JsonValueMeter, body, cuts) == min(count_json(value), -(-len(body) // 2))


@given(st.lists(spans, max_size=4), st.lists(st.integers(0, 5000), max_size=6))
def test_protobuf_fields_are_counted_in_any_pieces(sent: list[Span], cuts: list[int]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(sent)
    body = request.SerializeToString()

    def meter(limit: int) -> ProtobufFieldMeter:
        return ProtobufFieldMeter(TRACE_REQUEST, limit)

    assert limit_of(meter, body, cuts) == limit_of(meter, body, [])
    assert limit_of(meter, body, []) >= sum(1 for span in sent for _ in span.ListFields())


def test_fields_behind_an_invalid_message_are_counted() -> None:
    invalid = length_delimited(1, length_delimited(2, b"\x0f" + length_delimited(2, b"\x4a\x00" * 10)))
    hostile = length_delimited(1, length_delimited(2, length_delimited(2, b"\x4a\x00" * 1_000)))
    meter = ProtobufFieldMeter(TRACE_REQUEST, 500)
    with pytest.raises(TooManyValues, match="500 fields"):
        meter.feed(invalid + hostile)


def test_fields_behind_a_group_and_a_long_tag_are_counted() -> None:
    assert not has_few_fields(b"\x1b\x1c" + b"\x4a\x00" * 1_000, SPAN, 500)
    long_tags = length_delimited(9, length_delimited(2, length_delimited(5, b"\x8a\x00\x00" * 1_000)))
    assert not has_few_fields(long_tags, SPAN, 500)
    assert has_few_fields(length_delimited(9, b"\x0a" + bytes([100]) + b"\x4a\x00" * 50), SPAN, 20)


@pytest.mark.parametrize("make", [JsonValueMeter, lambda limit: ProtobufFieldMeter(TRACE_REQUEST, limit)])
def test_work_ends_at_the_limit(make: Any) -> None:
    piece = b"[]," * 10_000 if make is JsonValueMeter else b"\x0a\x00" * 15_000
    meter: Meter = make(100_000)

    def feed_forever() -> None:
        while True:
            meter.feed(piece)

    with pytest.raises(TooManyValues):
        feed_forever()
    assert meter.visited <= 400_000


@given(st.binary(max_size=300))
def test_any_bytes_are_counted_without_an_error(body: bytes) -> None:
    assert has_few_fields(body, SPAN, 0) in (True, False)
    assert limit_of(JsonValueMeter, body, []) <= len(body)
