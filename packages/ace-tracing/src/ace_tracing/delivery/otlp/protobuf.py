"""Protobuf: the field types that OTLP needs, encoded to bytes. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(128))
_MAX_SHORT_PAIR: Final = 124
"""The size of a name and its value below which each length in a `KeyValue` is one byte, as nearly always."""

pack_fixed64 = Struct("<Q").pack
_pack_double = Struct("<d").pack


def varint(number: int) -> bytes:
    """Return a non-negative integer as a varint, seven bits per byte."""
    if number < 128:
        return _ONE_BYTE[number]
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
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
    name = key.encode()
    name_size, value_size = len(name), len(any_value)
    if name_size + value_size < _MAX_SHORT_PAIR:
        return b"%b%c\x0a%c%b\x12%c%b" % (tag, name_size + value_size + 4, name_size, name, value_size, any_value)
    return field(tag, field(b"\x0a", name) + field(b"\x12", any_value))


def text_value(text: bytes) -> bytes:
    """Return an `AnyValue` that contains a string, which is given in UTF-8."""
    return field(b"\x0a", text)


def any_value(value: Any) -> bytes:
    """Return an `AnyValue` that contains a JSON value by its own type. None is the empty `AnyValue`."""
    return _ENCODERS.get(type(value), _encode_text)(value)


def is_int64(number: int) -> bool:
    """Return whether an integer fits into 64 bits, signed. A larger one is sent as a string of digits."""
    return -(2**63) <= number < 2**63


def _encode_text(value: Any) -> bytes:
    return text_value(str(value).encode())


def _encode_int(value: int) -> bytes:
    return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF) if is_int64(value) else _encode_text(value)


def _encode_float(value: float) -> bytes:
    return b"\x21" + _pack_double(value)


def _encode_list(value: list[Any]) -> bytes:
    return field(b"\x2a", b"".join([field(b"\x0a", any_value(item)) for item in value]))


def _encode_dict(value: dict[str, Any]) -> bytes:
    return field(b"\x32", b"".join([key_value(b"\x0a", key, any_value(item)) for key, item in value.items()]))


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"",
    str: _encode_text,
    bool: lambda value: b"\x10\x01" if value else b"\x10\x00",
    int: _encode_int,
    float: _encode_float,
    list: _encode_list,
    dict: _encode_dict,
}
