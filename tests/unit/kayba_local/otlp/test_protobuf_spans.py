"""Spans that are read from protobuf's bytes have the same records as those that its classes read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from kayba_local.otlp import protobuf_records, protobuf_requests
from kayba_local.otlp.protobuf_messages import convert_span
from kayba_local.otlp.protobuf_spans import decode_plain_span
from kayba_local.otlp.records import Batch

ids = st.sampled_from([b"", bytes(7), bytes(8), bytes(16), b"\x01" * 8, b"\x01" * 16])
times = st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**63)
texts = st.text(max_size=6) | st.sampled_from(["x" * 126, "x" * 127, "x" * 128, "x" * 300, "x" * 70_000])
values = st.one_of(
    texts.map(lambda text: AnyValue(string_value=text)),
    st.just(AnyValue()),
    st.integers(-5, 5).map(lambda number: AnyValue(int_value=number)),
    st.lists(texts, max_size=2).map(
        lambda some: AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=text) for text in some]))
    ),
)
keys = texts | st.sampled_from(["mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.traceTag.a", "session.id"])
pairs = st.builds(lambda key, value: KeyValue(key=key, value=value), keys, values)
statuses = st.builds(lambda code, message: Status(code=code, message=message), st.integers(0, 2), texts | st.just(""))
spans = st.builds(
    Span,
    trace_id=ids,
    span_id=ids,
    parent_span_id=ids,
    name=texts,
    kind=st.integers(0, 5),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    attributes=st.lists(pairs, max_size=4),
    status=st.none() | statuses,
    trace_state=st.just("") | st.text(max_size=2),
    flags=st.just(0) | st.integers(0, 3),
)
valid_spans = st.builds(
    Span,
    trace_id=st.just(b"\x01" * 16),
    span_id=st.just(b"\x02" * 8),
    parent_span_id=st.sampled_from([b"", bytes(8), b"\x03" * 8]),
    name=texts,
    kind=st.integers(0, 5),
    start_time_unix_nano=st.integers(0, 2**63 - 1),
    end_time_unix_nano=st.integers(0, 2**63 - 1),
    attributes=st.lists(
        st.builds(lambda key, text: KeyValue(key=key, value=AnyValue(string_value=text)), keys.filter(len), texts)
    ),
    status=st.none() | st.builds(lambda code: Status(code=code), st.integers(0, 2)),
)


def body_of(*some: Span) -> bytes:
    """Return a request with spans."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(some)
    return request.SerializeToString()


def read_with_classes(body: bytes, monkeypatch: pytest.MonkeyPatch) -> Batch:
    with monkeypatch.context() as patched:
        patched.setattr(protobuf_requests, "read_record", lambda *_: None)
        return protobuf_requests.read(body)


@given(st.lists(spans | valid_spans, min_size=1, max_size=4))
def test_a_request_is_read_as_by_protobufs_classes(some: list[Span]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        body = body_of(*some)
        assert protobuf_requests.read(body) == read_with_classes(body, monkeypatch)


@given(valid_spans)
def test_plain_spans_need_no_classes_of_protobuf(some: Span) -> None:
    plain = all(len(pair.key) <= 65_536 for pair in some.attributes) and len(some.name) <= 65_536
    assert (protobuf_records.read_record(some.SerializeToString(), b"{}") is not None) == plain


@given(spans | valid_spans)
@example(Span(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, attributes=[KeyValue(key="no value")]))
@example(Span(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, attributes=[KeyValue(key="k", value=AnyValue())]))
def test_plain_spans_are_decoded_as_by_protobufs_classes(some: Span) -> None:
    decoded = decode_plain_span(some.SerializeToString())
    if decoded is not None:
        assert decoded == convert_span(some)


@given(spans | valid_spans, st.data())
def test_damaged_bytes_are_read_as_by_protobufs_classes(some: Span, data: st.DataObject) -> None:
    encoded = bytearray(some.SerializeToString()[:400])
    for _ in range(data.draw(st.integers(0, 2))):
        if encoded:
            encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    del encoded[data.draw(st.integers(0, len(encoded))) :]
    record = protobuf_records.read_record(bytes(encoded), b"{}")
    if record is not None:
        batch = Batch()
        protobuf_requests._read_any_span(batch, bytes(encoded), b"{}")
        assert batch.spans == [record]


def test_many_distinct_attributes_use_little_memory() -> None:
    for number in range(2 * protobuf_records.MAX_REMEMBERED):
        pair = KeyValue(key="k", value=AnyValue(string_value=str(number)))
        protobuf_records.read_record(Span(attributes=[pair]).SerializeToString(), b"{}")
    assert len(protobuf_records._columns) <= protobuf_records.MAX_REMEMBERED
