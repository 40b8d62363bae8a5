"""Attribute values: conversion between OTLP's AnyValue in JSON and Python values."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from kayba_local.cost.json_values import has_few_values

MAX_LEVELS: Final = 48
"""Maximum number of nested levels that are decoded. Deeper values stay text, so every response can be encoded."""

_INT64: Final = range(-(2**63), 2**63)
_DIGIT: Final = re.compile(r"[0-9]")
_LONG_NUMBER: Final = re.compile(r"[0-9]{19}")
JSON_STARTS: Final = ("{", "[", '"')


def decode_attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Decode a list of OTLP KeyValues, including JSON texts in strings. The last value of a repeated key wins."""
    return {pair["key"]: unwrap(decode_value(pair.get("value"))) for pair in pairs}


def decode_plain_attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Decode a list of OTLP KeyValues and keep strings as they are, for events and links, which have no JSON texts."""
    return {pair["key"]: decode_value(pair.get("value")) for pair in pairs}


def decode_value(value: Mapping[str, Any] | None, levels: int = MAX_LEVELS) -> Any:
    """Decode an OTLP AnyValue.

    Args:
        value: The AnyValue as parsed JSON; None and an empty object are decoded to None.
        levels: The levels of lists and objects to decode; below them, the AnyValue's JSON is returned as text.
    """
    if not value:
        return None
    kind, content = next(iter(value.items()))
    if kind == "arrayValue" or kind == "kvlistValue":
        if levels == 0:
            return orjson.dumps(value).decode()
        members = content.get("values", ())
        if kind == "arrayValue":
            return [decode_value(member, levels - 1) for member in members]
        return {member["key"]: decode_value(member.get("value"), levels - 1) for member in members}
    if kind == "intValue":
        return int(content)
    if kind == "doubleValue":
        return float(content)
    return _decode_base64(content) if kind == "bytesValue" else content


def unwrap(value: Any) -> Any:
    """Decode a string that contains a JSON string, list or object; return any other value unchanged.

    Clients write structured attributes as JSON text. The text of a number or a literal is more likely a plain string
    and stays one. MLflow has the same rule, so both servers show the same values.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in JSON_STARTS:
        return value
    decoded = parse_json(value)
    return decoded if isinstance(decoded, str | list | dict) else value


def is_plain_json(text: str) -> bool:
    """Return whether a short text is JSON that `unwrap` decodes, in the form that nearly every client writes."""
    if text[0] not in JSON_STARTS or text.count("[") + text.count("{") > MAX_LEVELS:
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def parse_json(text: str) -> Any:
    """Parse a JSON text.

    Returns:
        The value; the text unchanged if it is invalid, has very many values, or has one that JSON cannot encode again.
    """
    if not has_few_values(text):
        return text
    if not _has_long_number(text):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            # It may be valid for the standard library's parser, which takes NaN, for example.
            pass
        else:
            is_flat = text.count("[") + text.count("{") <= MAX_LEVELS
            return value if is_flat or _nests_within(value, MAX_LEVELS) else text
    try:
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # A lone surrogate raises a ValueError.
        return text
    return value if _nests_within(value, MAX_LEVELS) else text


def _has_long_number(text: str) -> bool:
    """Return whether a text has a number of 19 digits, which may be an integer that orjson returns as a float."""
    # A sample of each 19th character has a digit of each such number.
    return _DIGIT.search(text[18::19]) is not None and _LONG_NUMBER.search(text) is not None


def encode_value(value: Any) -> dict[str, Any]:
    """Encode a Python value as an OTLP AnyValue in JSON; a type unknown to OTLP becomes a string."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": value} if value in _INT64 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": encode_double(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [encode_value(member) for member in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": encode_attributes(value)}}
    return {"stringValue": str(value)}


def encode_attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Encode a mapping as a list of OTLP KeyValues in JSON."""
    return [{"key": key, "value": encode_value(value)} for key, value in values.items()]


def encode_double(value: float) -> float | str:
    """Encode a float as protobuf's JSON does: NaN and the infinities as strings, which JSON has no numbers for."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decode_base64(text: str) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text


def _nests_within(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels > 0 and all(_nests_within(member, levels - 1) for member in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_nests_within(member, levels - 1) for member in value)
    return True
