"""Parallel calls: several requests at once, on threads that end with their calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def call_all(calls: Sequence[Callable[[], T]], default: T) -> list[T]:
    """Make calls at the same time, and return their results. Each call runs in a copy of this thread's context.

    Args:
        calls: The calls. They raise nothing.
        default: The result of a call whose thread was killed.
    """
    results = [default] * len(calls)

    def call(number: int) -> None:
        results[number] = calls[number]()

    threads = []
    for number in range(1, len(calls)):
        thread = threading.Thread(target=copy_context().run, args=(call, number), name="feedback", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError, OSError):
            # The interpreter is shutting down, or the system has no more threads or no memory for one.
            call(number)
        else:
            threads.append(thread)
    if calls:
        call(0)
    for thread in threads:
        thread.join()
    return results
