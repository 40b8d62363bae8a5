"""Traces before and after a jump of the wall clock, during an outage, until its standard input ends: URL HOURS."""

import sys
import time

SHIFT_S = 0


def _shift(read, unit):  # type: ignore[no-untyped-def] # stands for any of the clock's functions
    return lambda: read() + SHIFT_S * unit


# Before the first import of the library, so that every module of it reads this clock.
time.time = _shift(time.time, 1)
time.time_ns = _shift(time.time_ns, 1_000_000_000)

from common import configure_tracing, make_traces, report  # noqa: E402 - after the clock

from ace_tracing import start_span  # noqa: E402 - after the clock

configure_tracing()
make_traces(10, "before")
with start_span("across"):
    SHIFT_S = int(sys.argv[2]) * 3600
    with start_span("within"):
        pass
make_traces(10, "after")
report(jumped=True)
sys.stdin.read()
