"""Makes traces and ends in one of several ways: URL COUNT ENDING. Says when it has made them."""

import os
import signal
import sys
import threading

from common import begin, make, say

from ace_tracing import start_span

begin()
make(int(sys.argv[2]))
match sys.argv[3]:
    case "open span":
        root = start_span("root").__enter__()
        with start_span("finished"):
            pass
        start_span("running").__enter__()
    case _:
        pass
say(made=True, handler=signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
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
