"""Forks again and again while threads trace, so that a lock is held at most forks: URL COUNT."""

import os
import sys
import threading
import time
from collections import Counter

from common import configure_tracing, report

import ace_tracing
from ace_tracing import start_span

MAX_S = 240.0
HUNG = "hung"
ended = threading.Event()
made = [0, 0]


def trace_until_ended(which: int) -> None:
    while not ended.is_set():
        for _ in range(10):
            with start_span("parent"):
                pass
            made[which] += 1
        time.sleep(0.003)


def fork(number: int) -> int:
    child = os.fork()
    if child:
        return child
    with start_span(f"child{number}"):
        pass
    delivery = ace_tracing.flush(MAX_S)
    os._exit(0 if (delivery.delivered, delivery.pending, delivery.dropped) == (1, 0, 0) else 1)


def wait_for_exit(child: int) -> str:
    deadline = time.monotonic() + MAX_S
    while True:
        ended_child, status = os.waitpid(child, os.WNOHANG)
        if ended_child:
            return str(os.waitstatus_to_exitcode(status))
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return HUNG
        time.sleep(0.003)


configure_tracing()
threads = [threading.Thread(target=trace_until_ended, args=(which,)) for which in range(len(made))]
for thread in threads:
    thread.start()
codes = Counter(wait_for_exit(fork(number)) for number in range(int(sys.argv[2])))
ended.set()
for thread in threads:
    thread.join()
assert not ace_tracing.flush(MAX_S).pending
report(codes=codes, made=sum(made))
