"""Traces in greenlets and in threads, with gevent patched before, after or never: URL PATCHED."""

import sys

if sys.argv[2] == "before":
    from gevent import monkey

    monkey.patch_all()

from common import configure_tracing

import ace_tracing
from ace_tracing import start_span

if sys.argv[2] == "after":
    from gevent import monkey

    monkey.patch_all()

import threading

import gevent

configure_tracing()


def work(name: str) -> None:
    for _ in range(10):
        with start_span(name):
            gevent.sleep(0)


greenlets = [gevent.spawn(work, "greenlet") for _ in range(5)]
threads = [threading.Thread(target=work, args=("thread",)) for _ in range(5)]
for thread in threads:
    thread.start()
gevent.joinall(greenlets)
for thread in threads:
    thread.join()
assert not ace_tracing.flush(60).pending
