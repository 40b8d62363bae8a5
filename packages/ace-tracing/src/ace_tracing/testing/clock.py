"""A reproducible clock for the times of spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ace_tracing.recording import clock

NEW_YEAR_2025_NS: Final = 1_735_689_600_000_000_000
"""2025-01-01T00:00:00Z, in nanoseconds since the epoch."""


class FixedClock:
    """A clock that moves only when it is read or advanced.

    Args:
        start_ns: The first time, in nanoseconds since the epoch.
        step_ns: Nanoseconds that the clock moves after each reading.
    """

    def __init__(self, start_ns: int, step_ns: int) -> None:
        self._now_ns = start_ns
        self._step_ns = step_ns
        # Re-entrant: a garbage collector's callback may end a span while this thread holds the lock.
        self._lock = threading.RLock()

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._now_ns += round(seconds * 1e9)

    def look(self) -> int:
        """Return the time in nanoseconds since the epoch, and move the clock by one step."""
        with self._lock:
            now = self._now_ns
            self._now_ns += self._step_ns
            return now


@contextmanager
def fixed_clock(start_ns: int = NEW_YEAR_2025_NS, step_ns: int = 1_000_000) -> Iterator[FixedClock]:
    """Use a reproducible clock for all spans that start and end in this block.

    Args:
        start_ns: Start of the first span, in nanoseconds since the epoch. The default is 2025-01-01T00:00:00Z.
        step_ns: Nanoseconds between two readings, so that no two times are equal. The default is one millisecond.

    Yields:
        The clock. Its method `advance` moves it forward.
    """
    fixed = FixedClock(start_ns, step_ns)
    previous = clock.wall_clock_offset_ns, clock.perf_counter_ns
    clock.wall_clock_offset_ns, clock.perf_counter_ns = (lambda: 0), fixed.look
    try:
        yield fixed
    finally:
        clock.wall_clock_offset_ns, clock.perf_counter_ns = previous
