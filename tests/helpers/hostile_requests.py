"""Requests of a few KB that ask for very much work, by a name for each."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
LARGE: Final = 60_000_000
"""Bytes of a body that is just below the limit."""

_PIECE_BYTES: Final = 60_000
_TRACE_ID: Final = "tr-" + "a" * 32
_MLFLOW: Final = "/api/mlflow/api"
_ARTIFACT: Final = f"{_MLFLOW}/2.0/mlflow-artifacts/artifacts/0/traces/{_TRACE_ID}/artifacts/traces.json"


class HostileRequest(NamedTuple):
    """A request: its method and path, its media type, and its body as the start, the repeated unit and the end."""

    method: str
    path: str
    media_type: str
    head: bytes
    unit: bytes
    size: int
    tail: bytes = b""

    def compress(self) -> bytes:
        """Return the body in gzip."""
        return _gzip(self._pieces())

    def _pieces(self) -> Iterable[bytes]:
        yield self.head
        block = self.unit * (_PIECE_BYTES // len(self.unit))
        for _ in range(max(self.size - len(self.head) - len(self.tail), 0) // len(block)):
            yield block
        yield self.tail


def length_delimited(number: int, content: bytes, size: int | None = None) -> bytes:
    """Return an encoded field of bytes. `size` is that of the content if more of it follows."""
    remaining, encoded = len(content) if size is None else size, bytearray([number << 3 | 2])
    while remaining > 127:
        encoded.append(remaining & 127 | 128)
        remaining >>= 7
    return bytes([*encoded, remaining]) + content


def _gzip(pieces: Iterable[bytes]) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


def _nested(fields: Iterable[int], prefix: bytes, unit: bytes, size: int) -> tuple[bytes, bytes, int]:
    """Return the head, the unit and the size of a body in which a repeated unit is inside of fields."""
    repeated = size // _PIECE_BYTES * (_PIECE_BYTES // len(unit)) * len(unit)
    head, length = prefix, len(prefix) + repeated
    for number in fields:
        opened = length_delimited(number, b"", length)
        head, length = opened + head, length + len(opened)
    return head, unit, len(head) + size // _PIECE_BYTES * _PIECE_BYTES


_IDS: Final = length_delimited(1, b"\x01" * 16) + length_delimited(2, b"\x02" * 8) + length_delimited(5, b"n")


SPANS: Final = b'{"resourceSpans":[{"scopeSpans":[{"spans":['
SPANS_END: Final = b"{}]}]}]}"


def _protobuf(path: str, fields: Iterable[int], prefix: bytes, unit: bytes, size: int = 16_000_000) -> HostileRequest:
    return HostileRequest("POST", path, PROTOBUF, *_nested(fields, prefix, unit, size))


HOSTILE_REQUESTS: Final[Mapping[str, HostileRequest]] = {
    "upload of lists": HostileRequest("POST", "/api/traces", JSON, b'{"traces":[', b"[],", 990_000, b"[]]}"),
    "upload of objects": HostileRequest("POST", "/api/traces", JSON, b'{"traces":[', b'{"":0},', 990_000, b"[]]}"),
    "upload of fields": HostileRequest("POST", "/api/traces", JSON, b'{"traces":[{', b'"a":0,', 990_000, b'"b":0}]}'),
    "search in lists": HostileRequest(
        "POST", f"{_MLFLOW}/3.0/mlflow/traces/search", JSON, b'{"locations":[', b"[],", 990_000, b"[]]}"
    ),
    "deletion of numbers": HostileRequest(
        "POST", f"{_MLFLOW}/2.0/mlflow/traces/delete-traces", JSON, b'{"request_ids":[', b"1,", 990_000, b"1]}"
    ),
    "artifact of objects": HostileRequest("PUT", _ARTIFACT, JSON, b'{"spans":[', b"{},", LARGE, b"{}]}"),
    "artifact of text": HostileRequest("PUT", _ARTIFACT, "text/plain", b'{"spans":[', b"{},", LARGE, b"{}]}"),
    "JSON groups": HostileRequest("POST", "/v1/traces", JSON, b'{"resourceSpans":[', b"[],", LARGE, b"[]]}"),
    "JSON groups within 4 MB": HostileRequest(
        "POST", "/v1/traces", JSON, b'{"resourceSpans":[', b"[],", 1_190_000, b"[]]}"
    ),
    "JSON spans": HostileRequest("POST", "/v1/traces", JSON, SPANS, b"{},", LARGE, SPANS_END),
    "JSON spans within the limit": HostileRequest("POST", "/v1/traces", JSON, SPANS, b'{"":0},', 1_390_000, SPANS_END),
    "JSON numbers": HostileRequest("POST", "/v1/traces", JSON, SPANS, b"9,", LARGE, SPANS_END),
    "JSON texts": HostileRequest("POST", "/v1/traces", JSON, SPANS, b'"",', LARGE, SPANS_END),
    "JSON escapes": HostileRequest("POST", "/v1/traces", JSON, SPANS, b'"\\"\\\\",', LARGE, SPANS_END),
    "JSON keys": HostileRequest("POST", "/v1/traces", JSON, b'{"resourceSpans":{', b'"":0,', LARGE, b'"":0}}'),
    "JSON levels": HostileRequest("POST", "/v1/traces", JSON, b"", b"[", LARGE),
    "JSON in no list": HostileRequest("POST", "/v1/traces", JSON, b"", b"[]", LARGE),
    "JSON log records": HostileRequest("POST", "/v1/logs", JSON, b'{"resourceLogs":[', b"[],", LARGE, b"[]]}"),
    "JSON on the mount": HostileRequest("POST", "/api/mlflow/v1/traces", JSON, SPANS, b"[],", LARGE, SPANS_END),
    "attributes": _protobuf("/v1/traces", (2, 2, 1), _IDS, b"\x4a\x00"),
    "attributes within 4 MB": _protobuf("/v1/traces", (2, 2, 1), _IDS, b"\x4a\x00", 2_900_000),
    "attributes on the mount": _protobuf("/api/mlflow/v1/traces", (2, 2, 1), _IDS, b"\x4a\x00"),
    "events": _protobuf("/v1/traces", (2, 2, 1), _IDS, b"\x5a\x00"),
    "events within 4 MB": _protobuf("/v1/traces", (2, 2, 1), _IDS, b"\x5a\x00", 2_900_000),
    "texts": _protobuf("/v1/traces", (2, 2, 1), _IDS, b"\x4a\x06\x0a\x00\x12\x02\x0a\x00", LARGE),
    "items of a list": _protobuf("/v1/traces", (5, 2, 9, 2, 2, 1), b"", b"\x0a\x00", LARGE),
    "groups": _protobuf("/v1/traces", (), b"", b"\x0a\x00", LARGE),
    "scopes": _protobuf("/v1/traces", (1,), b"", b"\x12\x00", LARGE),
    "spans": _protobuf("/v1/traces", (2, 1), b"", b"\x12\x00", LARGE),
    "spans within 4 MB": _protobuf("/v1/traces", (2, 1), b"", b"\x12\x00", 2_900_000),
    "attributes of a resource": _protobuf("/v1/traces", (1, 1), b"", b"\x0a\x00"),
    "attributes of a log record": _protobuf("/v1/logs", (2, 2, 1), b"", b"\x32\x00"),
    "a text of lists": _protobuf("/v1/traces", (1, 2, 9, 2, 2, 1), b"[", b"[],", LARGE),
    "zeros as metrics": HostileRequest("POST", "/v1/metrics", PROTOBUF, b"", b"\x00", LARGE),
}
"""The requests by name."""
