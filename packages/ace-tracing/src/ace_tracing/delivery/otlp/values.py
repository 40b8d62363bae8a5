"""Attribute values: JSON values and JSON text as OTLP's `AnyValue`.

A server parses a string attribute that contains JSON text of a string, list or object, and keeps any other string
unchanged. So values of those three types are sent as JSON text, strings in quotes, and read back exactly.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from ace_tracing.delivery.otlp.protobuf import any_value, is_int64, text_value

JSON_TEXT_STARTS: Final = frozenset(b'"[{')
"""First characters of JSON text that is sent unchanged."""
MAX_SAFE_DIGITS: Final = 18
"""A longer number may need more than 64 bits. A server may accept such a number and then fail to return it."""
EVERY_19TH: Final = slice(MAX_SAFE_DIGITS, None, MAX_SAFE_DIGITS + 1)
"""A sample of a text that contains a digit of each number that is longer than `MAX_SAFE_DIGITS`."""
NO_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))

_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * (MAX_SAFE_DIGITS + 1)


def has_long_number(text: bytes) -> bool:
    """Return whether a text contains more than `MAX_SAFE_DIGITS` digits in a row."""
    # A regular expression takes 15 times as long as the second look, and the sample spares most texts that look.
    return bool(text[EVERY_19TH].translate(None, NO_DIGITS)) and _LONG_NUMBER in text.translate(_AS_ZEROS)


def encode_json_text(text: bytes) -> bytes:
    """Return JSON text as an attribute's value."""
    if text[0] in JSON_TEXT_STARTS and not has_long_number(text):
        return text_value(text)
    return encode_value(orjson.loads(text))


def encode_value(value: Any) -> bytes:
    """Return a JSON value as the value of a span's attribute."""
    if value is None or isinstance(value, float) or (isinstance(value, int) and is_int64(value)):
        return any_value(value)
    return text_value(dump_bytes(value))


def dump_text(value: Any) -> str:
    """Return a JSON value as JSON text, with each integer that needs more than 64 bits as a string of digits."""
    return dump_bytes(value).decode()


def dump_bytes(value: Any) -> bytes:
    """Return a JSON value as `dump_text` does, in UTF-8."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        # An integer that orjson does not write, or an error that the second attempt raises again.
        return orjson.dumps(stringify_long_ints(value))
    return orjson.dumps(stringify_long_ints(value)) if has_long_number(text) else text


def stringify_long_ints(value: Any) -> Any:
    """Return a JSON value with each integer that needs more than 64 bits as a string of digits."""
    match value:
        case list():
            return [stringify_long_ints(item) for item in value]
        case dict():
            return {key: stringify_long_ints(item) for key, item in value.items()}
        case int() if not is_int64(value):
            return str(value)
        case _:
            return value
