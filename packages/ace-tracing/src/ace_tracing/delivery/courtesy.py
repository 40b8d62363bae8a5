"""How long the worker keeps the interpreter before it offers it to others.

Python hands its lock over by force only after five milliseconds, for which a caller would wait in the middle of a
traced function. So the worker offers it now and then; whether somebody took it shows whether that is needed.
"""

from __future__ import annotations

import time
from time import perf_counter

SMALLEST_BYTES = 1024
"""Of frames, read at a time while callers are busy: some forty microseconds of work."""
LARGEST_BYTES = 64 * 1024
TAKEN_S = 0.000_1
"""To offer the interpreter takes a hundredth of this when nobody wants it."""


class Courtesy:
    """Offers the interpreter to others, and says how much to do until the next offer."""

    def __init__(self) -> None:
        self.bytes_at_a_time = SMALLEST_BYTES

    def give_way(self) -> None:
        """Let another thread run, if one waits."""
        before = perf_counter()
        time.sleep(0)
        if perf_counter() - before > TAKEN_S:
            self.bytes_at_a_time = SMALLEST_BYTES
        elif self.bytes_at_a_time < LARGEST_BYTES:
            self.bytes_at_a_time *= 2
