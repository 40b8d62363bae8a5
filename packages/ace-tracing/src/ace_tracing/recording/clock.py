"""Clock of the spans: a monotonic counter and its offset to the wall clock.

Callers look the functions up in this module at each call, so `testing.fixed_clock` can replace them.
"""

from __future__ import annotations

from ace_tracing.clocks import perf_counter_ns as perf_counter_ns
from ace_tracing.clocks import time_ns


def wall_clock_offset_ns() -> int:
    """Return the difference between the time since the epoch and the counter."""
    return time_ns() - perf_counter_ns()
