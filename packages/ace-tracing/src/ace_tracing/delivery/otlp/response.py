"""What a success says of spans that were not stored: OTLP's `ExportTraceServiceResponse`, in JSON and in protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_MESSAGE = 500

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_PARTIAL_SUCCESS = 1
_REJECTED_SPANS = 1
_ERROR_MESSAGE = 2


def said_by_json(content: Any) -> tuple[int, str]:
    """How many spans were rejected, and what the service said about it.

    Raises:
        ValueError: it is not such an answer.
    """
    if not isinstance(content, dict):
        raise ValueError("not an object")
    partial = content.get("partialSuccess", content.get("partial_success")) or {}
    if not isinstance(partial, dict):
        raise ValueError("partialSuccess is not an object")
    # OTLP's JSON writes 64-bit integers as strings, and takes numbers.
    rejected = partial.get("rejectedSpans", partial.get("rejected_spans")) or 0
    if not isinstance(rejected, int | str):
        raise ValueError("rejectedSpans is not a number")
    message = partial.get("errorMessage", partial.get("error_message")) or ""
    return max(0, int(rejected)), str(message)[:MAX_MESSAGE]


def said_by_protobuf(content: bytes) -> tuple[int, str]:
    """The same for protobuf's encoding.

    Raises:
        ValueError: it is not such an answer.
    """
    rejected, message = 0, ""
    for number, partial in _fields(content):
        if number == _PARTIAL_SUCCESS and isinstance(partial, bytes):
            for inner, value in _fields(partial):
                if inner == _REJECTED_SPANS and isinstance(value, int):
                    rejected = value if value < 2**63 else 0
                elif inner == _ERROR_MESSAGE and isinstance(value, bytes):
                    message = value.decode(errors="replace")
    return rejected, message[:MAX_MESSAGE]


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: each its number and its value; those of fixed size as bytes."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ValueError("field 0")
        size = 0
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(content, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"kind {kind}")
        if at + size > len(content):
            raise ValueError("cut off")
        yield number, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """An integer in groups of seven bits, lowest first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise ValueError("cut off")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
    raise ValueError("more than 64 bits")
