"""Configures tracing without making traces, and reports the recovered ones: URL UNTIL.

With `all` it runs until the spool is empty, with a number until it has recovered so many traces, with `end` it ends at
once.
"""

import os
import sys
import time
from pathlib import Path

from common import configure_tracing, report

from ace_tracing import shutdown, tracing_status

MAX_S = 240.0


def is_empty(folder: Path) -> bool:
    """Return whether there is no file below a folder, which other processes may remove meanwhile."""
    return not any(files for _, _, files in os.walk(folder))


def is_done(until: str) -> bool:
    """Return whether the condition of the command line is true."""
    match until:
        case "all":
            return is_empty(Path(os.environ["KAYBA_SPOOL_DIR"]))
        case "end":
            return True
        case count:
            return tracing_status().recovered >= int(count)


configure_tracing()
deadline = time.monotonic() + MAX_S
while not is_done(sys.argv[2]):
    assert time.monotonic() < deadline, f"{tracing_status()} {list(os.walk(os.environ['KAYBA_SPOOL_DIR']))}"
    time.sleep(0.01)
last = tracing_status()
delivery = shutdown(MAX_S)
report(pending=delivery.pending, dropped=delivery.dropped, recovered=last.recovered)
