"""Makes many traces of 1 KB while nothing is answered, and says by how much its memory has grown: URL COUNT."""

import resource
import sys

from common import begin, make, say, settled

BEFORE = 1_000
INPUTS = {"question": "x" * 1_000}
# macOS counts in bytes, Linux in kilobytes.
UNIT = 1 if sys.platform == "darwin" else 1024


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


begin()
make(BEFORE, inputs=INPUTS)
settled(0.5)
before = peak()
make(int(sys.argv[2]), inputs=INPUTS)
told = settled(0.5)
say(**told, before=BEFORE, grown=peak() - before)
