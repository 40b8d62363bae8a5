"""Makes traces with one feedback each until it is killed, and reports once it does so: URL ID_FILE."""

import sys
import time

from common import IdFile, configure_tracing, report

from ace_tracing import log_feedback, start_span

configure_tracing()
ids = IdFile(sys.argv[2])
for number in range(10_000):
    with start_span("root") as root:
        pass
    log_feedback(root.trace_id, "number", number)
    ids.record(root.trace_id)
    if number == 5:
        report(ready=True)
    # A server on a busy machine can store about this many.
    time.sleep(0.02)
