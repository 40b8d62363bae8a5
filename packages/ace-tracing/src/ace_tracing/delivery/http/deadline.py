"""The deadline of one attempt to deliver, which all its requests share. Imports no HTTP library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ace_tracing.clocks import monotonic

_deadline: Final[ContextVar[float | None]] = ContextVar("ace_tracing_deadline", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the total time of all requests in this block and this context.

    Limits nest: the earliest deadline applies.

    Args:
        seconds: Time for the whole block.
    """
    outer = _deadline.get()
    deadline = monotonic() + seconds
    token = _deadline.set(deadline if outer is None else min(outer, deadline))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """Return the time left until the deadline, negative once it has passed, or None without a `time_limit`."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - monotonic()
