"""Ids, attributes and values of protobuf messages, converted to OTLP's JSON form."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from kayba_local.otlp.fields import InvalidField, check_name
from kayba_local.otlp.values import encode_double

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
MAX_MESSAGES: Final = 1_000_000
"""Limit of the messages in a field. A message of two bytes takes a hundred bytes of memory, and a few KB compressed are
64 MB of them."""

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH_DELIMITED: Final = 2
_FIXED32: Final = 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES: Final = 10
_MIN_TAG: Final = 8


def split_messages(message: bytes, number: int) -> list[bytes]:
    """Return the encoded messages in a repeated field with a number below 16, without decoding them.

    Raises:
        DecodeError: The bytes are not a message, or the field has more than `MAX_MESSAGES` messages.
    """
    found: list[bytes] = []
    wanted = number << 3 | _LENGTH_DELIMITED
    at, end = 0, len(message)
    while at < end:
        if message[at] != wanted:
            at = _skip_field(message, at)
            continue
        size, at = _read_varint(message, at + 1)
        if len(found) == MAX_MESSAGES:
            raise DecodeError(f"a field has more than {MAX_MESSAGES:,} messages")
        found.append(message[at : at + size])
        at += size
    if at > end:
        raise DecodeError("the message ends too early")
    return found


def _skip_field(message: bytes, at: int) -> int:
    """Return the offset behind a field."""
    tag, at = _read_varint(message, at)
    kind = tag & 7
    if tag < _MIN_TAG:
        raise DecodeError("a field has the number 0")
    if kind == _LENGTH_DELIMITED:
        size, at = _read_varint(message, at)
        return at + size
    if kind == _VARINT:
        return _read_varint(message, at)[1]
    if kind not in _FIXED_BYTES:
        raise DecodeError(f"a field has the wire type {kind}")
    return at + _FIXED_BYTES[kind]


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number and the offset behind it."""
    number = shift = 0
    for behind, byte in enumerate(message[at : at + _MAX_VARINT_BYTES], at + 1):
        if byte < 128:
            return number | byte << shift, behind
        number |= (byte & 127) << shift
        shift += 7
    raise DecodeError("a number ends too early")


def without_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without those at protobuf's default value, which its JSON form omits."""
    return {name: value for name, value in fields.items() if value}


def read_id(identifier: bytes, length: int) -> str:
    """Return an id of `length` bytes as hex.

    Raises:
        InvalidField: The id has another length.
    """
    if len(identifier) != length:
        raise InvalidField(f"an id has {len(identifier)} bytes instead of {length}")
    return identifier.hex()


def read_key_values(pairs: Iterable[KeyValue]) -> list[dict[str, Any]]:
    """Return attributes.

    Raises:
        InvalidField: A key is too long.
    """
    return [{"key": check_name(pair.key), "value": read_any_value(pair.value)} for pair in pairs]


def read_any_value(value: AnyValue) -> dict[str, Any]:
    """Return a value of any kind; an empty object if it has none."""
    match value.WhichOneof("value"):
        case "string_value":
            return {"stringValue": value.string_value}
        case "int_value":
            return {"intValue": value.int_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "double_value":
            return {"doubleValue": encode_double(value.double_value)}
        case "bytes_value":
            return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
        case "array_value":
            return {"arrayValue": {"values": [read_any_value(member) for member in value.array_value.values]}}
        case "kvlist_value":
            return {"kvlistValue": {"values": read_key_values(value.kvlist_value.values)}}
        case _:
            return {}
