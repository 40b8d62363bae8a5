"""Traces before and after the wall clock jumps, during an outage, until its standard input ends: URL HOURS."""

import sys
import time

SHIFT_S = 0


def _shifted(read, unit):  # type: ignore[no-untyped-def] # stands for any of the clock's functions
    return lambda: read() + SHIFT_S * unit


# Before anything of ours is imported, so that it is the clock that every module sees.
time.time = _shifted(time.time, 1)
time.time_ns = _shifted(time.time_ns, 1_000_000_000)

from common import begin, make, say  # noqa: E402 - after the clock

from ace_tracing import start_span  # noqa: E402 - after the clock

begin()
make(10, "before")
with start_span("across"):
    SHIFT_S = int(sys.argv[2]) * 3600
    with start_span("within"):
        pass
make(10, "after")
say(jumped=True)
sys.stdin.read()
