"""Submit work to thread pools in a patched program, whose threads are greenlets: LIBRARY FIRST.

FIRST is "patch" or "configure".
"""

from __future__ import annotations

import sys

if sys.argv[2] == "configure":
    from common import configure_tracing

    configure_tracing()

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()
else:
    import eventlet

    eventlet.monkey_patch()

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from common import configure_tracing

from ace_tracing import shutdown, start_span, trace


@trace
def work(number: int) -> int:
    """Let the other workers run."""
    time.sleep(0.01)
    return number


def run(name: str) -> None:
    """Use a pool inside of a span, and outside of it."""
    with ThreadPoolExecutor(3) as pool:
        with start_span(name):
            assert list(pool.map(work, range(5))) == list(range(5))
        assert pool.submit(work, 7).result() == 7


if sys.argv[2] == "patch":
    configure_tracing()
threads = [threading.Thread(target=run, args=(name,)) for name in ("first", "second")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert shutdown(240)
sys.stdout.write("done")
