"""Makes traces while traced callbacks run inside the library, on any thread: URL CALLBACK."""

import gc
import logging
import sys

from common import SPOOL, URL, configure_tracing, flush_counts, report

from ace_tracing import configure, start_span


def trace_within(*_: object) -> None:
    with start_span("within"):
        pass


class TracingHandler(logging.Handler):
    """A log handler that traces each line, of the library and of the HTTP client."""

    def emit(self, record: logging.LogRecord) -> None:
        trace_within()


class Cycle:
    """An object in a reference cycle, so that the garbage collector calls its finalizer."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        trace_within()


def mask(value: object) -> object:
    trace_within()
    return value


configure_tracing()
match sys.argv[2]:
    case "collector of garbage":
        gc.set_threshold(50, 2, 2)
        # Once per collection: tracing allocates, and the callback would otherwise start collections without an end.
        gc.callbacks.append(lambda phase, _: trace_within() if phase == "stop" else None)
    case "log handler":
        logging.basicConfig(level=logging.DEBUG, handlers=[TracingHandler()])
    case "finalizer":
        gc.set_threshold(50, 2, 2)
    case "mask":
        configure(api_key="kb-test", base_url=URL, spool=SPOOL, mask=mask)
for number in range(300):
    if sys.argv[2] == "finalizer":
        Cycle()
    with start_span(f"n{number}") as span:
        if sys.argv[2] == "mask":
            span.set_inputs({"question": number})
flush_counts()
gc.set_threshold(0)
gc.callbacks.clear()
logging.getLogger().handlers.clear()
report(**flush_counts())
