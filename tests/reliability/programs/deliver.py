"""Configures tracing, makes nothing, and says what it has delivered of what others left: URL UNTIL.

With `all` it goes on until nothing is left in the spool by anybody; with `end` it ends at once.
"""

import os
import sys
import time
from pathlib import Path

from common import begin, say

from ace_tracing import shutdown, tracing_status

LONGEST_S = 60.0


def is_empty(folder: Path) -> bool:
    """Whether there is no file below a folder, which others may do away with meanwhile."""
    return not any(files for _, _, files in os.walk(folder))


begin()
deadline = time.monotonic() + LONGEST_S
while sys.argv[2] == "all" and not is_empty(Path(os.environ["KAYBA_SPOOL_DIR"])):
    assert time.monotonic() < deadline, f"{tracing_status()} {list(os.walk(os.environ['KAYBA_SPOOL_DIR']))}"
    time.sleep(0.01)
last = tracing_status()
delivery = shutdown(5)
say(pending=delivery.pending, dropped=delivery.dropped, recovered=last.recovered)
