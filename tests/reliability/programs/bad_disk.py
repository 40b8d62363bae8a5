"""Makes traces with a spool on a disk in trouble, and says what was warned of: URL TROUBLE COUNT.

It says when all are made, and goes on when its standard input ends.
"""

import logging
import os
import random
import shutil
import sys
from pathlib import Path

from common import URL, begin, make, say, settled

from ace_tracing import configure, flush, shutdown, start_span

TROUBLE = sys.argv[2]
COUNT = int(sys.argv[3])
SPOOL_DIR = Path(os.environ["KAYBA_SPOOL_DIR"])

said: list[str] = []


class Listening(logging.Handler):
    """Keeps what is said."""

    def emit(self, record: logging.LogRecord) -> None:
        said.append(record.getMessage())


def fill() -> None:
    """From now on no file of this process takes a byte, as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def lose_rights() -> None:
    """Be somebody who may not write into the spool, even where the tests run as root."""
    # All that is imported late has to be imported before: its files may be root's alone.
    configure(api_key="kb-test", base_url=URL, spool=False)
    make(1, "warm")
    flush(0.5)
    shutdown(0.5)
    SPOOL_DIR.mkdir(mode=0o500)
    if os.geteuid() == 0:
        os.seteuid(65534)


logging.getLogger("ace_tracing").addHandler(Listening(logging.WARNING))
logging.getLogger("ace_tracing").propagate = False
match TROUBLE:
    case "full":
        fill()
    case "read-only":
        lose_rights()
    case "a file in its place":
        SPOOL_DIR.write_text("")
begin()
for number in range(COUNT):
    if number == COUNT // 2:
        if "deleted" in TROUBLE:
            shutil.rmtree(SPOOL_DIR)
        if "later" in TROUBLE:
            fill()
    # Half of them fill more than a segment, so that a new one is asked for after the trouble has begun.
    with start_span(f"n{number}") as span:
        span.set_inputs(random.randbytes(20_000).hex())
say(made=True)
sys.stdin.read()
told = settled()
say(**told, said=[text for text in said if "memory" in text])
