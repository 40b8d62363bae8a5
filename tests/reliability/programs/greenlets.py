"""Traces in greenlets and in threads: URL LIBRARY PATCHED FORKED ENDING.

LIBRARY is gevent or eventlet. PATCHED says when it replaces the standard library: before this package is imported
(import), before or after `configure`, after the first trace or its delivery, or never. With FORKED 1, a child does the
same work. ENDING is flush, exit or kill, a signal that a process sends to itself.
"""

import importlib
import os
import signal
import sys

if sys.argv[2:4] == ["gevent", "import"]:
    importlib.import_module("gevent.monkey").patch_all()
elif sys.argv[2:4] == ["eventlet", "import"]:
    importlib.import_module("eventlet").monkey_patch()

import threading

from common import configure_tracing

import ace_tracing
from ace_tracing import start_span

LIBRARY, PATCHED, FORKED, ENDING = sys.argv[2:]


def patch(now: str) -> None:
    """Replace the standard library, if that is due."""
    if now == PATCHED and LIBRARY == "gevent":
        importlib.import_module("gevent.monkey").patch_all()
    elif now == PATCHED:
        importlib.import_module("eventlet").monkey_patch()


library = importlib.import_module(LIBRARY)

patch("before")
configure_tracing()
patch("after")
with start_span("first"):
    pass
patch("first trace")
if PATCHED == "delivery":
    assert not ace_tracing.flush(60).pending
    patch("delivery")


def work(name: str) -> None:
    """Make traces, in turns with the other greenlets."""
    for _ in range(10):
        with start_span(name):
            library.sleep(0)


def do_work() -> None:
    """Make traces in greenlets and threads, and end as required."""
    greenlets = [library.spawn(work, "greenlet") for _ in range(5)]
    threads = [threading.Thread(target=work, args=("thread",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for greenlet in greenlets:
        if LIBRARY == "gevent":
            greenlet.join()
        else:
            greenlet.wait()
    for thread in threads:
        thread.join()
    if ENDING == "flush":
        assert not ace_tracing.flush(60).pending
    elif ENDING == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


child = os.fork() if FORKED == "1" else None
if child == 0 and LIBRARY == "eventlet":
    # The child shares the event loop's descriptor with its parent.
    importlib.import_module("eventlet.hubs").use_hub()
if child:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == (-signal.SIGKILL if ENDING == "kill" else 0), code
do_work()
