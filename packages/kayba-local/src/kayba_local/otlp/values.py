"""Attribute values: OTLP's AnyValue in JSON, and the Python values that it stands for."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

MAX_LEVELS: Final = 48
"""Levels of nesting that are taken apart; what is deeper stays text, so that any answer can be encoded again."""

_INT64: Final = range(-(2**63), 2**63)
_OPENING: Final = ("{", "[", '"')


def attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The Python values of a list of OTLP KeyValues by key; of a repeated key the last."""
    return {pair["key"]: unwrap(python_value(pair.get("value"))) for pair in pairs}


def plain_attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The same where strings stand as they are: in events and links, which clients write without JSON text."""
    return {pair["key"]: python_value(pair.get("value")) for pair in pairs}


def python_value(value: Mapping[str, Any] | None, levels: int = MAX_LEVELS) -> Any:
    """What an OTLP AnyValue stands for.

    Args:
        value: The AnyValue as parsed JSON; None and an empty one stand for None.
        levels: Levels of lists and objects to take apart; below them the AnyValue's own JSON is given as text.
    """
    if not value:
        return None
    kind, content = next(iter(value.items()))
    if kind == "arrayValue" or kind == "kvlistValue":
        if levels == 0:
            return orjson.dumps(value).decode()
        members = content.get("values", ())
        if kind == "arrayValue":
            return [python_value(member, levels - 1) for member in members]
        return {member["key"]: python_value(member.get("value"), levels - 1) for member in members}
    if kind == "intValue":
        return int(content)
    if kind == "doubleValue":
        return float(content)
    return _decoded(content) if kind == "bytesValue" else content


def unwrap(value: Any) -> Any:
    """The value that a string holds as JSON, where that is a string, list or object; else `value` itself.

    Clients write structured attributes as JSON text. Text of a number or a literal is left alone, for it is more likely
    to be just that text: the rule is MLflow's, so both servers show the same.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in _OPENING:
        return value
    held = parsed(value)
    return held if isinstance(held, str | list | dict) else value


def parsed(text: str) -> Any:
    """The value of a JSON text; the text itself where it is no JSON, or could not be written as JSON again."""
    try:
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # a lone surrogate is a ValueError
        return text
    return value if _nests_within(value, MAX_LEVELS) else text


def any_value(value: Any) -> dict[str, Any]:
    """The OTLP AnyValue, as JSON, of a Python value; text of what OTLP has no type for."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": value} if value in _INT64 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": double(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(member) for member in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": key_values(value)}}
    return {"stringValue": str(value)}


def key_values(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """OTLP's list of KeyValues, as JSON, for a mapping."""
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def double(value: float) -> float | str:
    """A float as protobuf writes it in JSON, which has no numbers for these three."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decoded(text: str) -> bytes | str:
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
