"""Lanes: limits of the requests of one kind that run and wait, so that no kind starves another.

Ingest, reads and pages have a lane each, with threads of its own. A request that finds its lane full, or that has not
begun before its deadline, gets a 503, which clients retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from kayba_local.http.errors import RETRY_AFTER_S, Problem
from kayba_local.store import deadline

T = TypeVar("T")


class Lane:
    """The threads and the queue of one kind of request.

    Attributes:
        name: The kind, as `/metrics` shows it.
        running: The number of requests that run.
        waiting: The number of requests that wait.

    Args:
        name: The kind.
        max_running: The number of threads.
        max_waiting: The number of requests that may wait.
        timeout_s: Seconds after which a request is cancelled.
    """

    def __init__(self, name: str, max_running: int, max_waiting: int, timeout_s: float) -> None:
        self.name = name
        self.running = 0
        self.waiting = 0
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._is_closed = False
        self._turns: list[asyncio.Future[None]] = []
        self._threads = ThreadPoolExecutor(max_running, f"kayba-local {name}")

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Return the result of a function that runs in one of the lane's threads.

        Raises:
            Problem: 503; too many requests wait, or the deadline passed before the function began.
        """
        if self._is_closed:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise Problem(503, None, "The server is stopping; try again.", headers, reason="stopping")
        with deadline.within(self._timeout_s):
            await self._begin()
            try:
                context = copy_context()
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, lambda: context.run(function, *arguments))
            finally:
                self._end()

    async def iterate(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces of an iterator that runs in the lane's threads, with a turn for each."""
        while (piece := await self.run(next, pieces, None)) is not None:
            yield piece

    def close(self) -> None:
        """End the threads when they have no work."""
        self._is_closed = True
        self._threads.shutdown(wait=False)

    async def _begin(self) -> None:
        if self.running < self._max_running:
            self.running += 1
            return
        if len(self._turns) >= self._max_waiting:
            raise busy(f"{self.waiting} requests wait already")
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn
        except BaseException as error:
            if turn in self._turns:
                self._turns.remove(turn)
            elif not turn.cancelled():
                self._end()
            if isinstance(error, TimeoutError):
                raise busy("the requests before it took too long") from None
            raise
        finally:
            self.waiting -= 1

    def _end(self) -> None:
        # The turn passes on with its place.
        while self._turns:
            turn = self._turns.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
        self.running -= 1


def busy(reason: str, *, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the error of a request that the server has no room for."""
    message = f"The server is busy: {reason}. Try again."
    return Problem(503, None, message, {"Retry-After": str(RETRY_AFTER_S), **(headers or {})}, reason="busy")
