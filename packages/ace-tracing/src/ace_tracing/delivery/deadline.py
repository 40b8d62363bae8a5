"""How long one attempt to deliver may take as a whole, however many requests it is made of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float | None] = ContextVar("ace_tracing_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no request that is made in this block, in this context, go on once so much time has passed.

    Inside of another, the one that is over first counts.
    """
    outer = _deadline.get()
    deadline = time.monotonic() + seconds
    token = _deadline.set(deadline if outer is None else min(outer, deadline))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """What is left of the innermost `within`; negative when it is over, None outside of any."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()
