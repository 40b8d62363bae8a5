"""Scalars in protobuf's JSON mapping: texts, numbers, enum values, times, bytes and ids."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeAlias

from kayba_local.otlp.fields import (
    MAX_MESSAGE_CHARACTERS,
    MAX_STATE_CHARACTERS,
    MAX_TIME_NS,
    InvalidField,
    check_length,
    check_name,
)
from kayba_local.otlp.values import encode_double

Convert: TypeAlias = Callable[[Any], Any]

TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16

_INT64: Final = range(-(2**63), 2**63)
_UINT32: Final = range(2**32)
_MAX_NUMBER_CHARACTERS: Final = 100
_MAX_EXPONENT: Final = 20
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TEXT_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_SPECIAL_DOUBLES: Final = ("NaN", "Infinity", "-Infinity")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_URL_SAFE: Final = str.maketrans("-_", "+/")


def read_text(value: Any) -> str:
    """Return a text. A lone surrogate becomes U+FFFD, because UTF-8 cannot encode it."""
    if not isinstance(value, str):
        raise InvalidField("is not a text")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        # JavaScript sends half of a surrogate pair when a program cuts a text in the middle of a character.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def read_name(value: Any) -> str:
    """Return the name of a span or an event, or a key."""
    return check_name(read_text(value))


def read_trace_state(value: Any) -> str:
    """Return a W3C trace state."""
    return check_length(read_text(value), MAX_STATE_CHARACTERS)


def read_message(value: Any) -> str:
    """Return the first characters of a status message."""
    return read_text(value)[:MAX_MESSAGE_CHARACTERS]


def read_boolean(value: Any) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise InvalidField("is not true or false")
    return value


def read_uint32(value: Any) -> int:
    """Return an unsigned 32-bit integer."""
    number = _read_integer(value)
    if number not in _UINT32:
        raise InvalidField("is not an unsigned 32-bit integer")
    return number


def read_time(value: Any) -> int:
    """Return the start or the end of a span, in ns since 1970."""
    number = read_past_time(value)
    if number > MAX_TIME_NS:
        raise InvalidField("is after the year 2262")
    return number


def read_event_time(value: Any) -> int:
    """Return the time of an event, in ns since 1970. A later time than `MAX_TIME_NS` becomes `MAX_TIME_NS`."""
    return min(read_past_time(value), MAX_TIME_NS)


def read_past_time(value: Any) -> int:
    """Return a time in ns since 1970."""
    number = _read_integer(value)
    if number < 0:
        raise InvalidField("is before 1970")
    return number


def read_int_value(value: Any) -> dict[str, Any]:
    """Return an integer as an AnyValue. A text of 19 digits that exceeds 64 bits stays text."""
    is_digits = isinstance(value, str) and _TEXT_INTEGER.fullmatch(value) is not None
    number = int(value) if is_digits else _read_integer(value)
    if number in _INT64:
        return {"intValue": number}
    if is_digits:
        return {"stringValue": value}
    raise InvalidField("is not a 64-bit integer")


def read_double(value: Any) -> float | str:
    """Return a double that is given as a number or as text; NaN and the infinities are texts."""
    if isinstance(value, str):
        if value in _SPECIAL_DOUBLES:
            return value
        if len(value) <= _MAX_NUMBER_CHARACTERS and _NUMBER.fullmatch(value):
            return encode_double(float(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return encode_double(float(value))
        except OverflowError:
            raise InvalidField("is out of range") from None
    raise InvalidField("is not a number")


def read_bytes_value(value: Any) -> dict[str, Any]:
    """Return bytes in standard or URL-safe base64, padded or not, as an AnyValue. Other text stays text."""
    text = read_text(value)
    standard = text.translate(_URL_SAFE).rstrip("=")
    try:
        content = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return {"stringValue": text}
    return {"bytesValue": base64.b64encode(content).decode()}


def make_enum_reader(*names: str) -> Convert:
    """Return a converter to the number of an enum value, which is given as its number or its name."""
    numbers = {name: number for number, name in enumerate(names)}

    def read_enum(value: Any) -> int:
        number = numbers.get(value) if isinstance(value, str) else None
        if number is None:
            number = _read_integer(value)
        if not 0 <= number < len(names):
            raise InvalidField("is not defined by OTLP")
        return number

    return read_enum


def read_trace_id(value: Any) -> str:
    """Return a trace id as hex in lower case. An id of zeros is invalid."""
    return _check_not_zero(read_linked_trace_id(value))


def read_span_id(value: Any) -> str:
    """Return a span id as hex in lower case. An id of zeros is invalid."""
    return _check_not_zero(read_linked_span_id(value))


def read_linked_trace_id(value: Any) -> str:
    """Return the trace id of a link, which may consist of zeros."""
    return _read_id(value, TRACE_ID_DIGITS)


def read_linked_span_id(value: Any) -> str:
    """Return the span id of a link, which may consist of zeros."""
    return _read_id(value, SPAN_ID_DIGITS)


def read_parent_id(value: Any) -> str:
    """Return the id of a parent; empty for an empty id or one of zeros, which some exporters send for a root."""
    parent_id = "" if value == "" else read_linked_span_id(value)
    return parent_id if parent_id.strip("0") else ""


def _check_not_zero(identifier: str) -> str:
    if not identifier.strip("0"):
        raise InvalidField("is an id of zeros, which is not valid")
    return identifier


def _read_id(value: Any, digits: int) -> str:
    text = read_text(value)
    plain = text.lower() if len(text) == digits and _HEX.fullmatch(text) else _decode_id(text)
    if len(plain) != digits:
        raise InvalidField(f"is not an id of {digits} hex digits")
    return plain


def _decode_id(text: str) -> str:
    """Return an id in base64 as hex; empty if it is not base64."""
    # The base64 of an id is always padded. Text without padding may be a hex id of the wrong length.
    try:
        return base64.b64decode(text, validate=True).hex() if text.endswith("=") else ""
    except (binascii.Error, ValueError):
        return ""


def _read_integer(value: Any) -> int:
    """Return an integer that is given as a number or as text, with or without an exponent."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= _MAX_NUMBER_CHARACTERS and _NUMBER.fullmatch(value):
        number = _parse_decimal(value)
        if number == number.to_integral_value():
            return int(number)
    raise InvalidField("is not an integer")


def _parse_decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise InvalidField("is out of range") from None
    if not number:
        return Decimal(0)
    # An exponent could ask for an integer of millions of digits.
    if number.adjusted() > _MAX_EXPONENT:
        raise InvalidField("is out of range")
    return number
