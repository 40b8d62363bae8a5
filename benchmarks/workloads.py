"""Workloads: the functions that every SDK traces with its decorator.

The module needs only the standard library, because it runs in the environment of each SDK. The workloads with
pydantic and numpy import them when they are made; `shapes.py` installs both.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

Traced = Callable[[Any], Any]
"""A decorator: `@trace`, `@observe`, …"""

QUESTION: Final = "What is the capital of France?"
DEPTH: Final = 100
WIDTH: Final = 1_000
THREADS: Final = 8
TASKS: Final = 10
ITEMS: Final = 100
FIELDS: Final = 30
SMALL_RECORDS: Final = 10_000
"""The number of small records whose JSON has about a megabyte."""


class Times(NamedTuple):
    """Wall time and CPU time of the traced thread, in seconds."""

    wall: float
    cpu: float


class Work(NamedTuple):
    """A workload of many equal traces.

    Attributes:
        run: Function that runs a number of traces and returns their times.
        spans: The number of spans in one trace.
        share: The share of the requested traces to run, so every shape takes about the same time.
        callers: The number of tasks or threads that share the traces.
    """

    run: Callable[[int], Times]
    spans: int
    share: float
    callers: int = 1

    def size(self, traces: float) -> int:
        """Return the number of traces to run: the same for each caller, at least one."""
        return max(round(traces * self.share / self.callers), 1) * self.callers


def make_agent(traced: Traced, question: object = QUESTION) -> Callable[[], object]:
    """Return a typical agent: a root with two children and small inputs."""

    @traced
    def retrieve(query: object) -> list[str]:
        return ["doc1", "doc2"]

    @traced
    def generate(docs: list[str], query: object) -> str:
        return "Paris"

    @traced
    def agent(query: object) -> str:
        return generate(retrieve(query), query)  # type: ignore[no-any-return]  # any decorator

    return lambda: agent(question)


def make_chain(traced: Traced) -> Callable[[], object]:
    """Return a chain of calls, each a child of the previous one."""

    @traced
    def step(left: int) -> int:
        return step(left - 1) + 1 if left > 1 else 1

    return lambda: step(DEPTH)


def make_wide_tree(traced: Traced) -> Callable[[], object]:
    """Return a root with `WIDTH` children."""

    @traced
    def tool(number: int) -> int:
        return number

    @traced
    def agent(tools: int) -> int:
        return sum(tool(number) for number in range(tools))

    return lambda: agent(WIDTH)


def make_messages(size: int) -> list[dict[str, str]]:
    """Return chat messages of about 500 bytes each, of `size` bytes in total."""
    return [{"role": "user", "content": f"{number:>6} ".ljust(465, "x")} for number in range(size // 500)]


def make_async_agent(traced: Traced) -> Callable[[], Awaitable[object]]:
    """Return the agent as coroutines that yield to the event loop once."""

    @traced
    async def retrieve(query: str) -> list[str]:
        await asyncio.sleep(0)
        return ["doc1", "doc2"]

    @traced
    async def generate(docs: list[str], query: str) -> str:
        return "Paris"

    @traced
    async def agent(query: str) -> str:
        return await generate(await retrieve(query), query)  # type: ignore[no-any-return]  # any decorator

    return lambda: agent(QUESTION)


def make_echo(traced: Traced, value: object) -> Callable[[], object]:
    """Return a function that takes a value and returns it."""

    @traced
    def echo(value: object) -> object:
        return value

    return lambda: echo(value)


def make_pydantic_echo(traced: Traced) -> Callable[[], object]:
    """Return a function that takes and returns a plain pydantic model of `FIELDS` fields."""
    from pydantic import create_model  # type: ignore[import-not-found]  # shapes.py installs it

    fields: dict[str, Any] = {}
    for number in range(FIELDS // 3):
        fields |= {f"text_{number}": (str, ...), f"count_{number}": (int, ...), f"share_{number}": (float, ...)}
    model = create_model("Record", **fields)
    values = {"str": "a short text", "int": 12_345, "float": 0.25}
    return make_echo(traced, model(**{name: values[kind.__name__] for name, (kind, _) in fields.items()}))


def make_array_echo(traced: Traced) -> Callable[[], object]:
    """Return a function that takes and returns a numpy array."""
    import numpy  # type: ignore[import-not-found]  # shapes.py installs it

    return make_echo(traced, numpy.arange(4_096, dtype="float32").reshape(64, 64))


def make_small_records() -> list[dict[str, object]]:
    """Return `SMALL_RECORDS` dicts of about 100 bytes of JSON each."""
    return [
        {"id": number, "score": number / 7, "name": f"record {number}", "tags": ["a", "b"], "valid": True}
        for number in range(SMALL_RECORDS)
    ]


def make_generator(traced: Traced) -> Callable[[], object]:
    """Return a consumer of a generator of `ITEMS` short texts."""

    @traced
    def stream(count: int) -> Iterator[str]:
        for number in range(count):
            yield f"token {number}"

    return lambda: [None for _ in stream(ITEMS)]


def make_failing_chain(traced: Traced) -> Callable[[], object]:
    """Return a chain of calls whose last one raises an exception through all others."""

    @traced
    def step(left: int) -> int:
        if left == 1:
            raise ValueError("no step is left")
        return step(left - 1)  # type: ignore[no-any-return]  # any decorator

    def call() -> None:
        with suppress(ValueError):
            step(DEPTH)

    return call


def run_in_sequence(call: Callable[[], object]) -> Callable[[int], Times]:
    """Return a function that runs the calls one after the other."""

    def run(traces: int) -> Times:
        cpu, wall = time.thread_time(), time.perf_counter()
        for _ in range(traces):
            call()
        return Times(time.perf_counter() - wall, time.thread_time() - cpu)

    return run


def run_in_tasks(call: Callable[[], Awaitable[object]]) -> Callable[[int], Times]:
    """Return a function that runs the calls in tasks of one event loop."""

    async def run_task(traces: int) -> None:
        for _ in range(traces):
            await call()

    async def run_tasks(traces: int) -> Times:
        cpu, wall = time.thread_time(), time.perf_counter()
        await asyncio.gather(*(run_task(traces // TASKS) for _ in range(TASKS)))
        return Times(time.perf_counter() - wall, time.thread_time() - cpu)

    return lambda traces: asyncio.run(run_tasks(traces))


def run_in_threads(call: Callable[[], object]) -> Callable[[int], Times]:
    """Return a function that runs the calls in concurrent threads and returns the sum of their times."""

    def run(traces: int) -> Times:
        times: list[Times] = []
        run_thread = run_in_sequence(call)
        threads = [threading.Thread(target=lambda: times.append(run_thread(traces // THREADS))) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Times(sum(each.wall for each in times), sum(each.cpu for each in times))

    return run


SHAPES: Final[dict[str, Callable[[Traced], Work]]] = {
    "3 spans": lambda traced: Work(run_in_sequence(make_agent(traced)), 3, 1),
    "deep: 100": lambda traced: Work(run_in_sequence(make_chain(traced)), DEPTH, 1 / 40),
    "wide: 1,000": lambda traced: Work(run_in_sequence(make_wide_tree(traced)), WIDTH + 1, 1 / 400),
    "10 KB inputs": lambda traced: Work(run_in_sequence(make_agent(traced, make_messages(10_000))), 3, 1 / 10),
    "1 MB inputs": lambda traced: Work(run_in_sequence(make_agent(traced, make_messages(1_000_000))), 3, 1 / 1000),
    "1 MB of small records": lambda traced: Work(run_in_sequence(make_echo(traced, make_small_records())), 1, 1 / 500),
    "pydantic: 30 fields": lambda traced: Work(run_in_sequence(make_pydantic_echo(traced)), 1, 1 / 2),
    "numpy array": lambda traced: Work(run_in_sequence(make_array_echo(traced)), 1, 1 / 2),
    "generator: 100 items": lambda traced: Work(run_in_sequence(make_generator(traced)), 1, 1 / 4),
    "error through 100": lambda traced: Work(run_in_sequence(make_failing_chain(traced)), DEPTH, 1 / 40),
    "async, 10 tasks": lambda traced: Work(run_in_tasks(make_async_agent(traced)), 3, 1, TASKS),
    "8 threads": lambda traced: Work(run_in_threads(make_agent(traced)), 3, 1, THREADS),
}
"""The workloads by their names in the tables."""
