"""The few kinds of fields of protobuf that OTLP needs, as bytes. Pure functions."""

from __future__ import annotations

from struct import Struct
from typing import Any

_ONE_BYTE = tuple(bytes((number,)) for number in range(128))

pack_fixed64 = Struct("<Q").pack
_pack_double = Struct("<d").pack


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte."""
    if number < 128:
        return _ONE_BYTE[number]
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(tag: bytes, content: bytes) -> bytes:
    """A string, bytes or message with its tag: the field's number and wire type."""
    return tag + varint(len(content)) + content


def key_value(tag: bytes, key: str, any_value: bytes) -> bytes:
    """A `KeyValue` with its tag, given an encoded `AnyValue`."""
    return field(tag, field(b"\x0a", key.encode()) + field(b"\x12", any_value))


def text_value(text: str) -> bytes:
    """An `AnyValue` that holds a string."""
    return field(b"\x0a", text.encode())


def any_value(value: Any) -> bytes:
    """An `AnyValue` that holds a JSON value in OTLP's own form; null is the empty one."""
    match value:
        case None:
            return b""
        case bool():
            return b"\x10\x01" if value else b"\x10\x00"
        case int() if fits(value):
            return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
        case float():
            return b"\x21" + _pack_double(value)
        case list():
            return field(b"\x2a", b"".join(field(b"\x0a", any_value(item)) for item in value))
        case dict():
            return field(b"\x32", b"".join(key_value(b"\x0a", key, any_value(item)) for key, item in value.items()))
        case _:
            return text_value(str(value))


def fits(number: int) -> bool:
    """Whether an integer has a form of its own; beyond 64 bits it travels as its digits."""
    return -(2**63) <= number < 2**63
