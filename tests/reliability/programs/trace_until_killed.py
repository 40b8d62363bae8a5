"""Traces in several threads until it is killed: URL TOLD THREADS. Says so once all of them do."""

import sys
import threading
import time

from common import Told, begin, say

from ace_tracing import start_span

begin()
told = Told(sys.argv[2])
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
            told.tell(root.trace_id)
        if waiting:
            all_trace.wait(30)
            waiting = False
        # So much as a server of the same machine can read while four of these run.
        time.sleep(0.005)


for _ in range(threads):
    threading.Thread(target=work, daemon=True).start()
all_trace.wait(30)
say(ready=True)
threading.Event().wait()
