"""Threads for asynchronous reads. They are daemons, so neither an event loop nor the interpreter waits for their end.

`asyncio.to_thread` uses the loop's executor, and `asyncio.run` waits for that, also for a cancelled call.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar

MAX_THREADS: Final = 16
"""Reads at the same time. Others wait: the service's connections are limited, too."""

T = TypeVar("T")


class DaemonThreads:
    """A limited number of daemon threads, started when a job is added, and ended when none is left.

    Args:
        max_threads: The number of jobs that run at the same time.
    """

    def __init__(self, max_threads: int) -> None:
        self._max_threads = max_threads
        self._reset()

    def add(self, job: Callable[[], object]) -> None:
        """Run a job, which must not raise, as soon as a thread is free.

        Raises:
            RuntimeError: The interpreter is shutting down and starts no more threads.
        """
        if self._process != os.getpid():
            # A forked child has none of its parent's threads.
            self._reset()
        with self._lock:
            self._jobs.append(job)
            if self._running == self._max_threads:
                return
            self._running += 1
        try:
            threading.Thread(target=self._run, name="ace-tracing-read", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._running -= 1
                with suppress(ValueError):
                    self._jobs.remove(job)
            raise

    def _reset(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], object]] = deque()
        self._running = 0

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running -= 1
                    return
                job = self._jobs.popleft()
            job()


_threads: Final = DaemonThreads(MAX_THREADS)


async def run_in_thread(function: Callable[[], T]) -> T:
    """Run a function in a daemon thread, in a copy of the current context, and return its result.

    When the task is cancelled, the function still runs to its end, unless it has not started yet.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def settle(set_outcome: Callable[[], None]) -> None:
        if not future.cancelled():
            set_outcome()

    def job() -> None:
        if future.cancelled():
            return
        try:
            outcome: Callable[[], None] = partial(future.set_result, context.run(function))
        except BaseException as error:  # noqa: BLE001 - raised again in the task
            outcome = partial(future.set_exception, error)
        # RuntimeError: the loop is closed, and no task waits for the result.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    _threads.add(job)
    return await future
