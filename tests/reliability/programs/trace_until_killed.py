"""Traces in several threads until it is killed, and reports once all of them trace: URL ID_FILE THREADS."""

import sys
import threading
import time

from common import IdFile, configure_tracing, report

from ace_tracing import start_span

configure_tracing()
ids = IdFile(sys.argv[2])
threads = int(sys.argv[3])
all_trace = threading.Barrier(threads + 1)


def work() -> None:
    waiting = True
    while True:
        for _ in range(20):
            with start_span("root") as root:
                root.set_inputs({"question": "x" * 200})
                with start_span("step"):
                    pass
            ids.record(root.trace_id)
        if waiting:
            all_trace.wait(240)
            waiting = False
        # A server on the same machine can read about this many traces while four such programs run.
        time.sleep(0.005)


for _ in range(threads):
    threading.Thread(target=work, daemon=True).start()
all_trace.wait(240)
report(ready=True)
threading.Event().wait()
