"""Makes traces, reports that they are made, and exits in one of several ways: URL COUNT EXIT."""

import os
import signal
import sys
import threading

from common import configure_tracing, make_traces, report

from ace_tracing import start_span

configure_tracing()
make_traces(int(sys.argv[2]))
match sys.argv[3]:
    case "open span":
        root = start_span("root").__enter__()
        with start_span("finished"):
            pass
        start_span("running").__enter__()
    case _:
        pass
report(made=True, is_default_handler=signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
match sys.argv[3]:
    case "return":
        pass
    case "sys.exit":
        sys.exit(3)
    case "exception":
        raise RuntimeError("uncaught")
    case "os._exit" | "open span":
        os._exit(5)
    case "signal":
        threading.Event().wait()
    case other:
        raise ValueError(other)
