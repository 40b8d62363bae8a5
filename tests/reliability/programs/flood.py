"""Makes many traces of 1 KB while the server does not respond, and reports the growth of its memory: URL COUNT."""

import resource
import sys

from common import configure_tracing, flush_counts, make_traces, report

BEFORE = 1_000
INPUTS = {"question": "x" * 1_000}
# `ru_maxrss` is in bytes on macOS and in kilobytes on Linux.
UNIT = 1 if sys.platform == "darwin" else 1024


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


configure_tracing()
make_traces(BEFORE, inputs=INPUTS)
flush_counts(0.5)
before = peak_bytes()
make_traces(int(sys.argv[2]), inputs=INPUTS)
counts = flush_counts(0.5)
report(**counts, before=BEFORE, growth=peak_bytes() - before)
