"""Submit work to thread pools in a patched program, whose threads are greenlets: PATCH."""

from __future__ import annotations

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()
else:
    import eventlet

    eventlet.monkey_patch()

import time
from concurrent.futures import ThreadPoolExecutor

from common import configure_tracing

from ace_tracing import shutdown, start_span, trace


@trace
def work(number: int) -> int:
    """Let the other workers run."""
    time.sleep(0.01)
    return number


configure_tracing()
with ThreadPoolExecutor(3) as pool:
    for name in ("first", "second"):
        with start_span(name):
            assert list(pool.map(work, range(5))) == list(range(5))
    assert pool.submit(work, 7).result() == 7
assert shutdown(240)
sys.stdout.write("done")
