"""Checks of arguments that every read has: its time limit, and the error for a wrong argument."""

from __future__ import annotations

import math
from numbers import Real
from typing import Final

from ace_tracing.errors import ConfigurationError

DEFAULT_TIMEOUT_S: Final = 60.0
"""The limit for one read without `timeout=`, in seconds."""
MAX_TIMEOUT_S: Final = 1e6
"""Longer limits, such as infinity, count as this one: sockets accept no longer ones on all systems."""


def wrong(argument: str, value: object, advice: str) -> ConfigurationError:
    """Return the error for a wrong argument.

    Args:
        argument: The argument's name.
        value: The value.
        advice: A main clause with the correct values.
    """
    shown = repr(value)
    return ConfigurationError(f"{argument}={shown if len(shown) <= 100 else shown[:100] + '...'}: {advice}.")


def read_timeout(value: object) -> float | None:
    """Return a time limit in seconds, or None for the default one.

    Raises:
        ConfigurationError: The value is not a positive number.
    """
    if value is None:
        return None
    seconds = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not seconds > 0:
        raise wrong("timeout", value, "give a number of seconds above 0, such as 30, or None for the default")
    return seconds
