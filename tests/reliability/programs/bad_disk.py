"""Makes traces with a spool on a failing disk, and reports the warnings: URL FAILURE COUNT.

Reports when all traces are made, and continues when its standard input ends.
"""

import logging
import os
import random
import shutil
import sys
from pathlib import Path

from common import URL, configure_tracing, flush_counts, make_traces, report

from ace_tracing import configure, flush, shutdown, start_span

FAILURE = sys.argv[2]
COUNT = int(sys.argv[3])
SPOOL_DIR = Path(os.environ["KAYBA_SPOOL_DIR"])

warnings: list[str] = []


class RecordingHandler(logging.Handler):
    """A log handler that records the messages."""

    def emit(self, record: logging.LogRecord) -> None:
        warnings.append(record.getMessage())


def fill() -> None:
    """Let every later write to a file fail in this process, as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def lose_rights() -> None:
    """Become a user who may not write into the spool, even where the tests run as root."""
    # Later imports happen before that: the files of the packages may be readable for root only.
    configure(api_key="kb-test", base_url=URL, spool=False)
    make_traces(1, "warm")
    flush(0.5)
    shutdown(0.5)
    SPOOL_DIR.mkdir(mode=0o500)
    if os.geteuid() == 0:
        os.seteuid(65534)


logging.getLogger("ace_tracing").addHandler(RecordingHandler(logging.WARNING))
logging.getLogger("ace_tracing").propagate = False
match FAILURE:
    case "full":
        fill()
    case "read-only":
        lose_rights()
    case "a file in its place":
        SPOOL_DIR.write_text("")
configure_tracing()
for number in range(COUNT):
    if number == COUNT // 2:
        if "deleted" in FAILURE:
            shutil.rmtree(SPOOL_DIR)
        if "later" in FAILURE:
            fill()
    # Half of the traces fill more than two segments, the current one and the next, which may have been made in advance.
    # So a new one is needed after the failure has begun.
    with start_span(f"n{number}") as span:
        span.set_inputs(random.randbytes(35_000).hex())
report(made=True)
sys.stdin.read()
counts = flush_counts()
report(**counts, warnings=[text for text in warnings if "memory" in text])
