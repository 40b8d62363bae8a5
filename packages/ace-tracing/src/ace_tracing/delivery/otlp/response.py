"""OTLP partial success: the rejected spans reported in an `ExportTraceServiceResponse`, in JSON or protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

MAX_MESSAGE_CHARS: Final = 500

_VARINT: Final = 0
_EIGHT_BYTES: Final = 1
_LENGTH_DELIMITED: Final = 2
_FOUR_BYTES: Final = 5
"""Protobuf's wire types."""

_PARTIAL_SUCCESS: Final = 1
_REJECTED_SPANS: Final = 1
_ERROR_MESSAGE: Final = 2
"""Field numbers."""


def decode_json(content: Any) -> tuple[int, str]:
    """Return the number of rejected spans and the service's message.

    Args:
        content: The response's body, parsed.

    Raises:
        ValueError: The body is not an `ExportTraceServiceResponse`.
    """
    if not isinstance(content, dict):
        raise ValueError("the response is not an object")
    partial = content.get("partialSuccess", content.get("partial_success")) or {}
    if not isinstance(partial, dict):
        raise ValueError("partialSuccess is not an object")
    # OTLP's JSON writes 64-bit integers as strings, and accepts numbers.
    rejected = partial.get("rejectedSpans", partial.get("rejected_spans")) or 0
    if not isinstance(rejected, int | str):
        raise ValueError("rejectedSpans is not a number")
    message = partial.get("errorMessage", partial.get("error_message")) or ""
    return max(0, int(rejected)), str(message)[:MAX_MESSAGE_CHARS]


def decode_protobuf(content: bytes) -> tuple[int, str]:
    """Return the number of rejected spans and the service's message.

    Args:
        content: The response's body, in protobuf.

    Raises:
        ValueError: The body is not an `ExportTraceServiceResponse`.
    """
    rejected, message = 0, ""
    for number, partial in _fields(content):
        if number == _PARTIAL_SUCCESS and isinstance(partial, bytes):
            for inner, value in _fields(partial):
                if inner == _REJECTED_SPANS and isinstance(value, int):
                    rejected = value if value < 2**63 else 0
                elif inner == _ERROR_MESSAGE and isinstance(value, bytes):
                    message = value.decode(errors="replace")
    return rejected, message[:MAX_MESSAGE_CHARS]


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field of a message. Values of a fixed size are bytes."""
    at = 0
    while at < len(content):
        tag, at = _read_varint(content, at)
        number, wire_type = tag >> 3, tag & 7
        if not number:
            raise ValueError("the field number is 0")
        size = 0
        if wire_type == _VARINT:
            value, at = _read_varint(content, at)
            yield number, value
            continue
        if wire_type == _LENGTH_DELIMITED:
            size, at = _read_varint(content, at)
        elif wire_type in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if wire_type == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"the wire type {wire_type} is unknown")
        if at + size > len(content):
            raise ValueError("the message is truncated")
        yield number, content[at : at + size]
        at += size


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    """Return the varint at a position, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise ValueError("the message is truncated")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
    raise ValueError("a varint has more than 64 bits")
