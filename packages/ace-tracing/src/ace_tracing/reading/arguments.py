"""Arguments: the checks of the arguments of `get_trace` and `search_traces`."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Final, TypeAlias

from ace_tracing import clocks
from ace_tracing.reading.checks import read_timeout as read_timeout
from ace_tracing.reading.checks import wrong as wrong
from ace_tracing.reading.model import TraceState

Since: TypeAlias = datetime.datetime | datetime.timedelta | float

MAX_AGE_S: Final = 1e9
"""Numbers from here on are times since the epoch, as `time.time()` returns them: no trace is thirty years old."""
MAX_TIME_S: Final = 253_402_300_800.0
"""The year 10000. Larger numbers are times in milliseconds."""

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND: Final = datetime.timedelta(milliseconds=1)


def read_text(argument: str, value: object) -> str | None:
    """Return a text, or None without one.

    Raises:
        ConfigurationError: The value is neither text nor None.
    """
    if value is None or isinstance(value, str):
        return value
    raise wrong(argument, value, "give text, or None")


def read_id(argument: str, value: object) -> str | None:
    """Return the id of a session or a user as the text that is recorded for it, or None without one.

    Raises:
        ConfigurationError: The value is neither text, a whole number, nor an object with its own text, such as a UUID.
    """
    if value is None or isinstance(value, str):
        return value
    has_own_text = type(value).__str__ is not object.__str__ and not isinstance(value, bytes | bytearray)
    if isinstance(value, bool) or not (isinstance(value, int) or has_own_text):
        raise wrong(argument, value, "give text, or None")
    return str(value)


def read_texts(argument: str, value: object) -> list[str] | None:
    """Return a list of texts, or None without one. One text is a list with one element.

    Raises:
        ConfigurationError: The value is neither text, nor a list of texts, nor None.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray | Mapping):
        items = list(value)
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items):
            return texts
    raise wrong(argument, value, "give one text or a list of texts")


def read_count(argument: str, value: object) -> int:
    """Return a number of results.

    Raises:
        ConfigurationError: The value is not an integer.
    """
    index = None if isinstance(value, bool) else getattr(value, "__index__", None)
    if index is None:
        raise wrong(argument, value, "give an integer, such as 100")
    return int(index())


def read_status(value: object) -> str | None:
    """Return the name of a state of a trace, or None without one.

    Raises:
        ConfigurationError: The value is not a state.
    """
    if value is None:
        return None
    state = TraceState.__members__.get(value.strip().upper()) if isinstance(value, str) else None
    if state is None:
        raise wrong("status", value, "give 'OK', 'ERROR' or 'IN_PROGRESS'")
    return state.value


def read_since(value: object) -> int | None:
    """Return a point in time in milliseconds since the epoch, rounded down, or None without one.

    Args:
        value: A datetime, of local time when it has no time zone; a timedelta or a number of seconds before now; or,
            from `MAX_AGE_S` on, a number of seconds since the epoch.

    Raises:
        ConfigurationError: The value is none of these, or a negative time.
    """
    if value is None:
        return None
    advice = "give a datetime, or a timedelta or a number of seconds before now"
    if isinstance(value, datetime.datetime):
        return max(0, (_to_aware(value) - _EPOCH) // _MILLISECOND)
    is_age = isinstance(value, datetime.timedelta)
    if isinstance(value, datetime.timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, Real) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise wrong("since", value, advice)
    if not 0 <= seconds < (math.inf if is_age else MAX_TIME_S):
        raise wrong("since", value, f"{advice}, not a negative time or milliseconds")
    start_s = seconds if seconds >= MAX_AGE_S and not is_age else clocks.time() - seconds
    return max(0, math.floor(start_s * 1_000))


def _to_aware(value: datetime.datetime) -> datetime.datetime:
    if value.tzinfo is not None and value.utcoffset() is not None:
        return value
    try:
        return value.astimezone()
    except (OverflowError, ValueError, OSError):
        # Out of the range of the system's local time, such as `datetime.min`. No trace is that old or that new.
        return value.replace(tzinfo=datetime.UTC)
