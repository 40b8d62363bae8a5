"""The work that is traced, the same for every SDK: functions over which its decorator is put.

Needs only the standard library: it is run in the environment of each SDK.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

Traced = Callable[[Any], Any]
"""A decorator: `@trace`, `@observe`, …"""

QUESTION = "What is the capital of France?"
DEPTH, WIDTH, THREADS, TASKS = 100, 1_000, 8, 10


class Spent(NamedTuple):
    """Seconds of the thread that traces: by the clock, and of its CPU."""

    wall: float
    cpu: float


class Work(NamedTuple):
    """What is run: so many traces, each of so many spans.

    Attributes:
        run: runs a number of traces, and gives what that took on the thread that traces.
        spans: of one trace.
        share: of the traces asked for, how many to run, so that every shape takes about as long.
        callers: how many tasks or threads share the traces.
    """

    run: Callable[[int], Spent]
    spans: int
    share: float
    callers: int = 1

    def size(self, traces: float) -> int:
        """How many to run of the traces asked for: the same for each caller, and one at least."""
        return max(round(traces * self.share / self.callers), 1) * self.callers


def agent(traced: Traced, question: object = QUESTION) -> Callable[[], object]:
    """A root with two children and small inputs: what most traced code looks like."""

    @traced
    def retrieve(query: object) -> list[str]:
        return ["doc1", "doc2"]

    @traced
    def generate(docs: list[str], query: object) -> str:
        return "Paris"

    @traced
    def agent(query: object) -> str:
        return generate(retrieve(query), query)  # type: ignore[no-any-return]  # of any decorator

    return lambda: agent(question)


def deep(traced: Traced) -> Callable[[], object]:
    """A chain of calls, each the child of the one before."""

    @traced
    def step(left: int) -> int:
        return step(left - 1) + 1 if left > 1 else 1

    return lambda: step(DEPTH)


def wide(traced: Traced) -> Callable[[], object]:
    """A root with very many children."""

    @traced
    def tool(number: int) -> int:
        return number

    @traced
    def agent(tools: int) -> int:
        return sum(tool(number) for number in range(tools))

    return lambda: agent(WIDTH)


def conversation(size: int) -> list[dict[str, str]]:
    """Messages of some 500 bytes each, as chat models take them."""
    return [{"role": "user", "content": f"{number:>6} ".ljust(465, "x")} for number in range(size // 500)]


def coroutine(traced: Traced) -> Callable[[], Awaitable[object]]:
    """The agent as coroutines that give way once."""

    @traced
    async def retrieve(query: str) -> list[str]:
        await asyncio.sleep(0)
        return ["doc1", "doc2"]

    @traced
    async def generate(docs: list[str], query: str) -> str:
        return "Paris"

    @traced
    async def agent(query: str) -> str:
        return await generate(await retrieve(query), query)  # type: ignore[no-any-return]  # of any decorator

    return lambda: agent(QUESTION)


def repeated(call: Callable[[], object]) -> Callable[[int], Spent]:
    """One call after the other."""

    def run(traces: int) -> Spent:
        cpu, wall = time.thread_time(), time.perf_counter()
        for _ in range(traces):
            call()
        return Spent(time.perf_counter() - wall, time.thread_time() - cpu)

    return run


def on_tasks(call: Callable[[], Awaitable[object]]) -> Callable[[int], Spent]:
    """From tasks of one event loop."""

    async def some(traces: int) -> None:
        for _ in range(traces):
            await call()

    async def all_of_them(traces: int) -> Spent:
        cpu, wall = time.thread_time(), time.perf_counter()
        await asyncio.gather(*(some(traces // TASKS) for _ in range(TASKS)))
        return Spent(time.perf_counter() - wall, time.thread_time() - cpu)

    return lambda traces: asyncio.run(all_of_them(traces))


def on_threads(call: Callable[[], object]) -> Callable[[int], Spent]:
    """From threads at the same time; what it took is the sum of theirs."""

    def run(traces: int) -> Spent:
        spent: list[Spent] = []
        each = repeated(call)
        threads = [threading.Thread(target=lambda: spent.append(each(traces // THREADS))) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Spent(sum(one.wall for one in spent), sum(one.cpu for one in spent))

    return run


SHAPES: dict[str, Callable[[Traced], Work]] = {
    "3 spans": lambda traced: Work(repeated(agent(traced)), 3, 1),
    "deep: 100": lambda traced: Work(repeated(deep(traced)), DEPTH, 1 / 40),
    "wide: 1,000": lambda traced: Work(repeated(wide(traced)), WIDTH + 1, 1 / 400),
    "10 KB inputs": lambda traced: Work(repeated(agent(traced, conversation(10_000))), 3, 1 / 10),
    "1 MB inputs": lambda traced: Work(repeated(agent(traced, conversation(1_000_000))), 3, 1 / 1000),
    "async, 10 tasks": lambda traced: Work(on_tasks(coroutine(traced)), 3, 1, TASKS),
    "8 threads": lambda traced: Work(on_threads(agent(traced)), 3, 1, THREADS),
}
"""By the name that a table shows."""
