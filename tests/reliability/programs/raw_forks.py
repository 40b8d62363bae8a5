"""Children forked in C, without Python's hooks, as uWSGI forks its workers: URL FIRST.

FIRST is the first call of each child. Prints the exit codes of the children.
"""

import ctypes
import os
import sys
import threading
import time

from common import configure_tracing, make_traces, report

import ace_tracing
from ace_tracing import log_feedback, search_traces, start_span
from ace_tracing.recording.spans import start_span_no_context

CHILDREN = 4


def first_call() -> None:
    """Call the library for the first time in the child."""
    match sys.argv[2]:
        case "root":
            make_traces(1, "first")
        case "span below the running one":
            with start_span("below"):
                pass
        case "end of the running span":
            running.__exit__(None, None, None)
        case "end of another span":
            manual.end()
        case "flush":
            assert ace_tracing.flush(60) == ace_tracing.Delivery()
        case "status":
            assert ace_tracing.tracing_status().delivered == 0
        case "search":
            assert isinstance(search_traces(max_results=1), list)
        case "feedback":
            log_feedback(f"tr-{1:032x}", "good", True)
        case "threads":
            threads = [threading.Thread(target=make_traces, args=(5, f"thread{n}-")) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        case "configure":
            configure_tracing()
        case "nothing":
            sys.exit()
        case other:
            raise ValueError(other)


def wait_for_idle_threads() -> None:
    """Wait until the sender sleeps: a thread that waits for the interpreter's lock would break it in a child."""
    assert not ace_tracing.flush(120).pending
    own = threading.get_ident()
    while any(frame.f_code.co_name != "sleep" for thread, frame in sys._current_frames().items() if thread != own):
        time.sleep(0.001)


# `PyDLL` keeps the interpreter's lock, as uWSGI does.
fork = ctypes.PyDLL(None).fork
configure_tracing()
make_traces(20, "before")
running = start_span("running")
running.__enter__()
manual = start_span_no_context("manual")
children = []
for number in range(CHILDREN):
    wait_for_idle_threads()
    child = fork()
    if not child:
        first_call()
        make_traces(5, f"child{number}-")
        sys.exit()
    children.append(child)
    make_traces(5, f"between{number}-")
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
manual.end()
running.__exit__(None, None, None)
report(codes=codes, pending=ace_tracing.flush(120).pending)
