"""Threads of ace-tracing that run."""

from __future__ import annotations

import threading


def running_threads(prefix: str = "ace-tracing") -> list[threading.Thread]:
    """Return the threads whose names begin with a prefix.

    An exception in `Thread.start`, as tests of interrupts raise it, leaves a thread among those of the interpreter that
    never runs.
    """
    return [thread for thread in threading.enumerate() if thread.name.startswith(prefix) and thread.ident is not None]
