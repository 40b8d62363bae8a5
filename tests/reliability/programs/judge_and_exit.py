"""Logs feedback on a trace and exits: URL EXIT [TRACE_ID]. Without an id, it makes the trace."""

import os
import sys

from common import configure_tracing, report

from ace_tracing import log_feedback, start_span

configure_tracing()
if len(sys.argv) > 3:
    trace_id = sys.argv[3]
else:
    with start_span("judged") as span:
        pass
    trace_id = str(span.trace_id)
log_feedback(trace_id, "correct", True)
report(trace_id=trace_id)
if sys.argv[2] == "os._exit":
    os._exit(5)
