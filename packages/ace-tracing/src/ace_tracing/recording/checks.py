"""Checks of the arguments of a span's methods. A wrong argument is ignored and logged, since no method raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from ace_tracing.diagnostics import warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.recording.exceptions import format_text
from ace_tracing.recording.frames import STATUSES

TRACE_ID_DIGITS: Final = 32
SPAN_ID_DIGITS: Final = 16
MAX_COUNT: Final = 2**53 - 1
"""The largest number of tokens: a larger integer changes its value in JavaScript."""

_MAX_SHOWN_CHARS: Final = 60
_HEX_DIGITS: Final = "0123456789abcdef"
_SCALARS: Final = (int, float, bool, type(None))


def reject(call: str, given: object, advice: str) -> None:
    """Log that an argument is ignored, at most once a minute for each argument.

    Args:
        call: The method and the argument, such as `"set_status(status=...)"`.
        given: The wrong value. Text of the user is not logged, unless a check passes it as `repr`.
        advice: A main clause with the correct values.
    """
    warn(f"argument:{call}", "%s is ignored, it is %s: %s", call, show_value(given), advice)


def show_value(value: object) -> str:
    """Return a wrong value for a message: a number, or else only the type, since text may be confidential."""
    if type(value) in _SCALARS and not (isinstance(value, int) and abs(value) > MAX_COUNT):
        return repr(value)
    # Python refuses to print an integer of more than 4,300 digits.
    return f"<{type(value).__name__}>"


def read_status(status: object) -> int | None:
    """Return the code of a status: text, or a member or an object of OpenTelemetry or MLflow. None for a wrong one."""
    status = getattr(status, "status_code", status)
    for name in (getattr(status, "value", status), getattr(status, "name", None)):
        if isinstance(name, str) and (text := str.upper(name)) in STATUSES:
            return STATUSES.index(text)
    advice = 'give "OK", "ERROR" or "UNSET"'
    if isinstance(status, str):
        shown = str.__str__(status)[:_MAX_SHOWN_CHARS]
        warn("argument:set_status", "set_status(%r) is ignored: %s", shown, advice)
    else:
        reject("set_status(status=...)", status, advice)
    return None


def read_text(call: str, value: object, advice: str = "give text") -> str | None:
    """Return text, or the value of a member of a text enumeration. None for anything else."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    reject(call, value, advice)
    return None


def to_name(value: object, default: str) -> str:
    """Return a name, a type or a description as text: the value of a member of an enumeration, a default for None."""
    if isinstance(value, Enum):
        value = value.value
    if value is None:
        return default
    return str.__str__(value) if isinstance(value, str) else format_text(value)


def read_key(call: str, key: object) -> str | None:
    """Return the key of an attribute, or the name of an event. A number becomes text, anything else None."""
    if isinstance(key, str):
        return str.__str__(key)
    if type(key) in _SCALARS and not (shown := show_value(key)).startswith("<"):
        warn(f"argument:{call}", "%s is %s and is recorded as text. Give text", call, shown)
        return shown
    reject(call, key, "give a key that is text")
    return None


def read_attributes(call: str, attributes: object) -> dict[str, Any]:
    """Return attributes with keys that are text. Wrong keys are left out; without a mapping, the dict is empty."""
    if attributes is None:
        return {}
    if isinstance(attributes, Mapping):
        try:
            items = list(attributes.items())
        except Exception as error:  # noqa: BLE001 - the mapping may be the user's
            raise_interrupt(error, type(attributes))
            reject(call, attributes, f"reading it raised {type(error).__name__}")
            return {}
        return {key: value for given, value in items if (key := read_key(call, given)) is not None}
    reject(call, attributes, 'give a dict, such as {"model": "gpt-4o"}')
    return {}


def read_texts(call: str, texts: object) -> dict[str, str]:
    """Return tags or metadata, with their values as text."""
    return {
        key: str.__str__(value) if isinstance(value, str) else format_text(value)
        for key, value in read_attributes(call, texts).items()
    }


def read_link(trace_id: object, span_id: object) -> tuple[str, str] | None:
    """Return the ids of a link in lower case, without `tr-`. None if one is wrong: servers would refuse the span."""
    ids = []
    for name, given, digits in (("trace_id", trace_id, TRACE_ID_DIGITS), ("span_id", span_id, SPAN_ID_DIGITS)):
        text = str.__str__(given).lower().removeprefix("tr-") if isinstance(given, str) else ""
        if len(text) != digits or not text.strip("0") or text.strip(_HEX_DIGITS):
            shown = repr(given)[:_MAX_SHOWN_CHARS] if isinstance(given, str) else f"<{type(given).__name__}>"
            warn(
                f"argument:add_link {name}",
                "add_link is ignored, %s is %s: give %s hex digits, as in the attribute %s of a span",
                name,
                shown,
                digits,
                name,
            )
            return None
        ids.append(text)
    return ids[0], ids[1]


def read_count(call: str, value: Any) -> int | None:
    """Return a number of tokens. None if it is not given, or wrong."""
    if value is None:
        return None
    number = _to_float(value)
    if number is not None and 0 <= number <= MAX_COUNT and number == int(number):
        return int(value)
    reject(call, value, "give a whole number of tokens, 0 or more")
    return None


def read_cost(call: str, value: Any) -> float | None:
    """Return an amount of money. None if it is not given, or wrong."""
    if value is None:
        return None
    number = _to_float(value)
    if number is not None and 0 <= number < math.inf:
        return number
    reject(call, value, "give a number of US dollars, 0 or more")
    return None


def _to_float(value: Any) -> float | None:
    """Return a number of any type, such as one of numpy, as a float. None for text, a bool or NaN."""
    if isinstance(value, (bool, str, bytes, bytearray)) or type(value).__name__ == "bool_":
        return None
    try:
        number = float(value)
    except Exception as error:  # noqa: BLE001 - the value may be any object
        raise_interrupt(error, type(value))
        return None
    return None if math.isnan(number) else number
