"""Ids, attributes and values of protobuf messages, converted to OTLP's JSON form."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from kayba_local.otlp.fields import InvalidField, check_name
from kayba_local.otlp.values import encode_double

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8


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
