"""Yielding the GIL: the worker gives the interpreter to traced functions while they run.

CPython forces a thread switch only every 5 ms; without yielding, the worker could stall a traced function that long. So
the worker sleeps for a moment after each small piece of work while spans are recorded. That halves the worker's speed.
When no span has been recorded for `QUIET_S`, the worker works without yielding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ace_tracing.clocks import perf_counter, sleep

SMALL_BYTES: Final = 1024
"""Bytes of frames to read between two yields while spans are recorded, about 20 µs of work."""
LARGE_BYTES: Final = 64 * 1024
"""Bytes of frames to read between two yields while no span is recorded."""
QUIET_S: Final = 0.02
"""Time without a recorded frame after which the worker stops yielding, in seconds."""


class GilYielder:
    """Yields the GIL while spans are recorded. Only the worker's thread, and one that reads for it, use it.

    Args:
        write_offset: Returns a number that changes with every recorded frame.
    """

    def __init__(self, write_offset: Callable[[], int]) -> None:
        self._write_offset = write_offset
        self._last_offset = 0
        self._busy_until = 0.0

    @property
    def must_yield(self) -> bool:
        """Whether spans were being recorded at the last call of `yield_gil`."""
        return perf_counter() < self._busy_until

    @property
    def max_bytes(self) -> int:
        """The bytes of frames to read before the next yield."""
        return SMALL_BYTES if self.must_yield else LARGE_BYTES

    def yield_gil(self) -> None:
        """Let another thread run if spans are being recorded."""
        now = perf_counter()
        offset = self._write_offset()
        if offset != self._last_offset:
            self._last_offset = offset
            self._busy_until = now + QUIET_S
        if now < self._busy_until:
            # A sleep is needed: a thread that releases the GIL and asks for it again at once gets it back before any
            # other thread wakes up.
            sleep(0)
