"""Protobuf: the field types that OTLP needs, encoded to bytes. Pure functions."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(128))

pack_fixed64 = Struct("<Q").pack
_pack_double = Struct("<d").pack


def varint(number: int) -> bytes:
    """Return a non-negative integer as a varint, seven bits per byte."""
    if number < 128:
        return _ONE_BYTE[number]
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(tag: bytes, content: bytes) -> bytes:
    """Return a string, bytes or message field.

    Args:
        tag: The encoded field number and wire type.
        content: The field's content.
    """
    return tag + varint(len(content)) + content


def key_value(tag: bytes, key: str, any_value: bytes) -> bytes:
    """Return a `KeyValue` field.

    Args:
        tag: The encoded field number and wire type.
        key: The key.
        any_value: The value, an encoded `AnyValue`.
    """
    return field(tag, field(b"\x0a", key.encode()) + field(b"\x12", any_value))


def text_value(text: bytes) -> bytes:
    """Return an `AnyValue` that contains a string, which is given in UTF-8."""
    return field(b"\x0a", text)


def any_value(value: Any) -> bytes:
    """Return an `AnyValue` that contains a JSON value by its own type. None is the empty `AnyValue`."""
    match value:
        case None:
            return b""
        case bool():
            return b"\x10\x01" if value else b"\x10\x00"
        case int() if is_int64(value):
            return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
        case float():
            return b"\x21" + _pack_double(value)
        case list():
            return field(b"\x2a", b"".join(field(b"\x0a", any_value(item)) for item in value))
        case dict():
            return field(b"\x32", b"".join(key_value(b"\x0a", key, any_value(item)) for key, item in value.items()))
        case _:
            return text_value(str(value).encode())


def is_int64(number: int) -> bool:
    """Return whether an integer fits into 64 bits, signed. A larger one is sent as a string of digits."""
    return -(2**63) <= number < 2**63
