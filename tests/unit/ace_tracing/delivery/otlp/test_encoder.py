"""The OTLP encoder: spans that are encoded from their frames have the same content as their decoded records."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ace_tracing.delivery.otlp.encoder import CHUNK_BYTES, SPANS_PER_YIELD, ExportRequest, encode
from ace_tracing.delivery.otlp.values import has_long_number
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.frames import ENDED, STARTED, pack_context, pack_end, pack_start
from ace_tracing.recording.records import PackedSpan, Role, TraceDetails, TraceRecord

TRACE_ID = bytes(range(16))
ROOT, PARENT = 0, 7
LONG = "1234567890123456789"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def to_json(value: Any) -> bytes:
    """Encode integers of any size, which orjson does not."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"null"


def packed_span(
    number: int = 1, parent: int = ROOT, inputs: bytes = b"", outputs: bytes = b"", folder: str | None = None
) -> PackedSpan:
    """Return the two frames of a span."""
    site = CallSite("step", "TOOL", "module.step", "writer", {"model": orjson.Fragment(b'"small"')})
    start = pack_start(STARTED, number, parent, 1_000 + number) + TRACE_ID + pack_context(None, folder)
    return start + site.packed + inputs, pack_end(ENDED, number, 2_000 + number, 1) + outputs


def record(*spans: PackedSpan, **fields: Any) -> TraceRecord:
    """Return a trace of packed spans."""
    return TraceRecord(TRACE_ID.hex(), None, fields.pop("folder", None), fields.pop("details", None), spans, **fields)


def decode(body: bytes) -> list[Span]:
    """Return the spans of a request, with sorted attributes."""
    spans: list[Span] = []
    for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
        assert [each.key for each in resource_spans.resource.attributes] == [
            "telemetry.sdk.name",
            "telemetry.sdk.language",
        ]
        for scope_spans in resource_spans.scope_spans:
            assert scope_spans.scope.name == "ace-tracing"
            spans += scope_spans.spans
    for span in spans:
        span.attributes.sort(key=lambda pair: pair.key)
    return spans


def unpacked(trace: TraceRecord) -> TraceRecord:
    """Return the trace with its spans as records."""
    return TraceRecord(trace.trace_id, None, trace.folder, trace.details, trace.spans, trace.role)


@given(
    st.lists(st.tuples(st.sampled_from([ROOT, PARENT]), json_values, json_values), min_size=1, max_size=4),
    st.none() | st.just("a/b"),
    st.none() | st.just(TraceDetails("named", {"tag": "one"}, {"session.id": "s", "other": "m"})),
    st.sampled_from([Role.ROOT, Role.TOPMOST, Role.PART]),
)
def test_packed_spans_are_encoded_as_their_records(
    spans: list[tuple[int, Any, Any]], folder: str | None, details: TraceDetails | None, role: Role
) -> None:
    trace = record(
        *(packed_span(number, parent, to_json(i), to_json(o)) for number, (parent, i, o) in enumerate(spans, 1)),
        folder=folder,
        details=details,
        role=role,
    )
    assert decode(encode([trace])) == decode(encode([unpacked(trace)]))


@pytest.mark.parametrize("size", [0, 1, 126, 127, 128, 255, 256, 16_382, 16_384, CHUNK_BYTES, 3 * CHUNK_BYTES])
def test_values_of_every_size_are_encoded_as_they_are(size: int) -> None:
    text = orjson.dumps("x" * size)
    (span,) = decode(encode([record(packed_span(inputs=text, outputs=text))]))
    values = {pair.key: pair.value.string_value for pair in span.attributes}
    assert values["mlflow.spanInputs"] == values["mlflow.spanOutputs"] == text.decode()


@pytest.mark.parametrize("size", [1, SPANS_PER_YIELD, 3 * SPANS_PER_YIELD + 1])
@pytest.mark.parametrize("text", [b'"x"', orjson.dumps("x" * CHUNK_BYTES)])
@pytest.mark.parametrize("is_one_trace", [True, False])
def test_all_spans_are_in_the_request_once(size: int, text: bytes, *, is_one_trace: bool) -> None:
    spans = [packed_span(number, inputs=text) for number in range(1, size + 1)]
    traces = [record(*spans)] if is_one_trace else [record(span) for span in spans]
    yields: list[None] = []
    body = ExportRequest(traces, lambda: yields.append(None)).otlp()
    decoded = decode(gzip.decompress(body))
    assert [int.from_bytes(span.span_id, "big") for span in decoded] == list(range(1, size + 1))
    assert len(yields) >= size // SPANS_PER_YIELD


def test_a_record_without_spans_adds_nothing_to_the_request() -> None:
    assert decode(encode([record(), record(packed_span()), record()])) == decode(encode([record(packed_span())]))


@given(st.text("0123456789-, x", max_size=60))
def test_a_number_is_long_with_19_digits_in_a_row(text: str) -> None:
    runs = "".join(character if character.isdigit() else " " for character in text).split()
    assert has_long_number(text.encode()) == any(len(run) >= len(LONG) for run in runs)


@pytest.mark.parametrize("before", range(40))
def test_a_long_number_is_found_at_every_position(before: int) -> None:
    assert has_long_number(b"x" * before + LONG.encode())
    assert not has_long_number(b"x" * before + LONG[1:].encode() + b"x1")


@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_an_integer_beyond_64_signed_bits_is_sent_as_text(number: int) -> None:
    (span,) = decode(encode([record(packed_span(inputs=b'{"n":%d}' % number, outputs=b"%d" % number))]))
    values = {pair.key: pair.value.string_value for pair in span.attributes}
    assert values["mlflow.spanInputs"] == f'{{"n":"{number}"}}'
    assert values["mlflow.spanOutputs"] == f'"{number}"'
