"""The deadline of a request, which its statements keep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_DEADLINE: Final[ContextVar[float | None]] = ContextVar("kayba_local_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set the deadline of this context: reads are cancelled then, and writes do not begin later."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def current() -> float | None:
    """Return the deadline by the monotonic clock, or None outside of a request."""
    return _DEADLINE.get()


def remaining(default: float) -> float:
    """Return the seconds until the deadline, at least 0, or `default` outside of a request."""
    deadline = _DEADLINE.get()
    return default if deadline is None else max(deadline - time.monotonic(), 0)
