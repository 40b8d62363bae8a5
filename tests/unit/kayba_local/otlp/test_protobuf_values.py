"""Splitting of protobuf messages: as protobuf's own parser finds their fields, and within bounds."""

from __future__ import annotations

import gzip

import httpx
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from kayba_local.otlp import protobuf_logs, protobuf_requests, protobuf_values
from kayba_local.otlp.protobuf_values import split_messages

PROTOBUF_GZIP = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}


def split_officially(message: bytes, number: int) -> list[bytes]:
    unknown = UnknownFieldSet(Empty.FromString(message))
    fields = [unknown[index] for index in range(len(unknown))]
    return [field.data for field in fields if field.field_number == number and field.wire_type == 2]


def length_delimited(number: int, content: bytes) -> bytes:
    size, encoded = len(content), bytearray([number << 3 | 2])
    while size > 127:
        encoded.append(size & 127 | 128)
        size >>= 7
    return bytes([*encoded, size]) + content


spans = st.builds(
    Span,
    trace_id=st.binary(max_size=16),
    name=st.text(max_size=200),
    kind=st.sampled_from([0, 1, 3]),
    start_time_unix_nano=st.integers(0, 2**64 - 1),
    flags=st.integers(0, 2**32 - 1),
    dropped_links_count=st.integers(0, 2**32 - 1),
)
groups = st.builds(
    ResourceSpans,
    scope_spans=st.lists(st.builds(ScopeSpans, spans=st.lists(spans, max_size=3), schema_url=st.text(max_size=9))),
    schema_url=st.text(max_size=9),
)


@given(spans | groups, st.integers(1, 15), st.integers(0, 60))
def test_messages_are_split_as_protobuf_splits_them(message: Span | ResourceSpans, number: int, cut: int) -> None:
    encoded = message.SerializeToString()
    for content in (encoded, encoded[: len(encoded) - cut]):
        try:
            expected = split_officially(content, number)
        except DecodeError:
            with pytest.raises(DecodeError):
                split_messages(content, number)
        else:
            assert split_messages(content, number) == expected


@pytest.mark.parametrize("content", [b"\x02\x00", b"\x0b", b"\x0f", b"\x80" * 11, b"\x09\x00", b"\x12\xff\xff"])
def test_invalid_fields_are_errors(content: bytes) -> None:
    with pytest.raises(DecodeError):
        split_messages(content, 2)


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs"])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_body_of_too_many_messages_returns_400(
    http: httpx.Client, path: str, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (protobuf_values, protobuf_requests, protobuf_logs):
        monkeypatch.setattr(module, "MAX_MESSAGES", 1_000)
    empty = length_delimited(2, b"\x12\x00" * (1_000 // groups + 1))
    response = http.post(path, content=gzip.compress(length_delimited(1, empty) * groups), headers=PROTOBUF_GZIP)
    assert response.status_code == 400
    assert b"1,000" in response.content
