"""Parallel calls: several calls at once, on threads that end with their calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Final, Generic, TypeVar

from ace_tracing.native import DaemonThread, allocate_lock

T = TypeVar("T")

_POLL_S: Final = 0.05
"""How often the wait for a thread makes sure that it was not killed, in seconds."""


class EarlyCall(Generic[T]):
    """A call whose result is needed later. It may be made on a native thread meanwhile.

    Args:
        call: The call.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._thread: DaemonThread | None = None
        self._running = allocate_lock()
        self._results: list[T] = []
        self._error: Exception | None = None

    def start(self) -> None:
        """Make the call on another thread. If none can be started, `result` makes it."""
        self._running.acquire()
        thread = DaemonThread(self._run, "early call")
        try:
            thread.start()
        except (RuntimeError, MemoryError, OSError):
            self._running.release()
        else:
            self._thread = thread

    def wait(self) -> None:
        """Wait until the thread has ended, if one was started."""
        while self._thread is not None and self._thread.is_alive() and not self._running.acquire(timeout=_POLL_S):
            pass

    def result(self) -> T:
        """Return the result, after `wait`.

        Raises:
            Exception: The error of the call.
            RuntimeError: The thread was killed.
        """
        if self._thread is None:
            return self._call()
        if self._error is not None:
            raise self._error
        if not self._results:
            raise RuntimeError("the thread of an early call was killed")
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except Exception as error:  # noqa: BLE001 - `result` raises it
            self._error = error
        finally:
            self._running.release()


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
