"""How long the worker keeps the interpreter while callers trace.

Python hands its lock over by force only after five milliseconds, for which a caller would wait in the middle of a
traced function. So while somebody traces the worker sleeps for a moment after each small piece of work. That costs half
of its speed; when nobody has traced for a while, it works on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from time import perf_counter

SMALL_BYTES = 1024
"""Of frames, read at a time while somebody traces: some forty microseconds of work."""
LARGE_BYTES = 64 * 1024
QUIET_S = 0.02
"""When nothing was traced for so long, nobody is taken to wait."""


class GilYielder:
    """Lets others have the interpreter while there are others.

    Args:
        pulse: gives a number that changes whenever something is traced.
    """

    def __init__(self, pulse: Callable[[], int]) -> None:
        self._pulse = pulse
        self._last = 0
        self._until = 0.0

    @property
    def bytes_at_a_time(self) -> int:
        """How much to read until the next offer, in bytes."""
        return SMALL_BYTES if perf_counter() < self._until else LARGE_BYTES

    def yield_gil(self) -> None:
        """Let another thread run, if somebody traces."""
        now = perf_counter()
        pulse = self._pulse()
        if pulse != self._last:
            self._last = pulse
            self._until = now + QUIET_S
        if now < self._until:
            # Not less than that: the lock, let go and taken again at once, is nobody else's in between.
            time.sleep(0)
