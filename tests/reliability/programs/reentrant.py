"""Makes traces while code that traces is called back from within ours, in whatever thread: URL WHO."""

import gc
import logging
import sys

from common import SPOOL, URL, begin, say, settled

from ace_tracing import configure, start_span


def within(*_: object) -> None:
    with start_span("within"):
        pass


class Handler(logging.Handler):
    """Traces each line that is logged, ours and the HTTP client's."""

    def emit(self, record: logging.LogRecord) -> None:
        within()


class Finalized:
    """Part of a cycle, so that the collector calls its end."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        within()


def mask(value: object) -> object:
    within()
    return value


begin()
match sys.argv[2]:
    case "collector of garbage":
        gc.set_threshold(50, 2, 2)
        # Once a collection: tracing allocates, and would start the next one for ever.
        gc.callbacks.append(lambda phase, _: within() if phase == "stop" else None)
    case "log handler":
        logging.basicConfig(level=logging.DEBUG, handlers=[Handler()])
    case "finalizer":
        gc.set_threshold(50, 2, 2)
    case "mask":
        configure(api_key="kb-test", base_url=URL, spool=SPOOL, mask=mask)
for number in range(300):
    if sys.argv[2] == "finalizer":
        Finalized()
    with start_span(f"n{number}") as span:
        if sys.argv[2] == "mask":
            span.set_inputs({"question": number})
settled()
gc.set_threshold(0)
gc.callbacks.clear()
logging.getLogger().handlers.clear()
say(**settled())
