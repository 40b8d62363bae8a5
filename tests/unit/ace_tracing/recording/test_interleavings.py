"""Random programs of spans in tasks and threads. A model without concurrency predicts their traces."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ace_tracing import Trace, get_current_span, propagate_context, start_span, trace
from ace_tracing.propagation.executors import propagation
from ace_tracing.testing import capture_traces


class BoomError(Exception):
    """Exception of the programs."""


@dataclass(frozen=True)
class Pause:
    """Step that lets other tasks or threads run."""


@dataclass(frozen=True)
class Fail:
    """Step that raises."""


@dataclass(frozen=True)
class Scope:
    """Step with a span around other steps, from a `with` block or a traced coroutine."""

    name: str
    how: Literal["with", "call"]
    steps: Block


@dataclass(frozen=True)
class Items:
    """Step with a traced generator that runs steps before each item, and a consumer that runs steps after each item."""

    name: str
    how: Literal["generator", "async generator"]
    items: tuple[Block, ...]
    taken: int
    after_each: Block


@dataclass(frozen=True)
class Catch:
    """Step that runs other steps and catches their failure."""

    steps: Block


@dataclass(frozen=True)
class Spawn:
    """Step that runs other steps in a new task or thread, joined at the end of the program."""

    steps: Block


Step = Pause | Fail | Scope | Items | Catch | Spawn
Block = tuple[Step, ...]


@st.composite
def programs(draw: st.DrawFn) -> Block:
    """Draw programs of a few dozen steps. Every span has a unique name."""
    names = (f"span {number}" for number in itertools.count(1))

    def block(depth: int) -> Block:
        kinds = ["pause", "pause", "fail", "with", "call", "generator", "async generator", "catch", "spawn"]
        drawn = draw(st.lists(st.sampled_from(kinds if depth < 4 else kinds[:3]), max_size=4))
        return tuple(step(kind, depth + 1) for kind in drawn)

    def step(kind: str, depth: int) -> Step:
        match kind:
            case "with" | "call":
                return Scope(next(names), kind, block(depth))
            case "generator" | "async generator":
                items = tuple(block(depth) for _ in range(draw(st.integers(0, 2))))
                return Items(next(names), kind, items, draw(st.integers(0, 3)), block(depth))
            case "catch":
                return Catch(block(depth))
            case "spawn":
                return Spawn(block(depth))
        return Pause() if kind == "pause" else Fail()

    return (*block(0), *block(0))


# The model ----------------------------------------------------------------------------------------------------------


class RecordedSpan(NamedTuple):
    """Name, parent and status of a span."""

    name: str
    parent: str | None
    status: str


def expected(steps: Block) -> list[RecordedSpan]:
    recorded: list[RecordedSpan] = []
    _run_block(steps, None, recorded)
    return sorted(recorded)


def _run_block(steps: Block, parent: str | None, recorded: list[RecordedSpan]) -> bool:
    """Run the steps in the model, without concurrency, add their spans, and return whether they fail."""
    return any(_run_step(step, parent, recorded) for step in steps)


def _run_step(step: Step, parent: str | None, recorded: list[RecordedSpan]) -> bool:
    match step:
        case Pause():
            return False
        case Fail():
            return True
        case Scope(name, _, steps):
            failed = _run_block(steps, name, recorded)
            recorded.append(RecordedSpan(name, parent, "ERROR" if failed else "OK"))
            return failed
        case Items(name, _, items, taken, after_each):
            if not taken:
                return False
            failed_inside = failed_outside = False
            for item in items[:taken]:
                failed_inside = _run_block(item, name, recorded)
                failed_outside = not failed_inside and _run_block(after_each, parent, recorded)
                if failed_inside or failed_outside:
                    break
            recorded.append(RecordedSpan(name, parent, "ERROR" if failed_inside else "OK"))
            return failed_inside or failed_outside
        case Catch(steps):
            _run_block(steps, parent, recorded)
        case Spawn(steps):
            _run_block(steps, parent, recorded)
    return False


# The interpreter ----------------------------------------------------------------------------------------------------

Start = Callable[[Coroutine[Any, Any, None]], None]


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Yield once, to the event loop or to the thread that runs the coroutine."""
    yield


class Interpreter:
    """Interpreter of programs that checks the current span before and after each step.

    Args:
        start: Runs a coroutine in a new task or thread.
    """

    def __init__(self, start: Start) -> None:
        self._start = start

    async def run(self, steps: Block, current: str | None = None) -> None:
        """Run the steps of a program, or of a `Spawn` below a span."""
        with suppress(BoomError):
            await self._take(steps, current)

    async def _take(self, steps: Block, current: str | None) -> None:
        assert get_current_span().name == (current or "")
        for step in steps:
            try:
                await self._step(step, current)
            finally:
                assert get_current_span().name == (current or "")

    async def _step(self, step: Step, current: str | None) -> None:
        match step:
            case Pause():
                await pause()
            case Fail():
                raise BoomError
            case Scope(name, "with", steps):
                with start_span(name):
                    await self._take(steps, name)
            case Scope(name, "call", steps):
                await trace(name=name)(self._take)(steps, name)
            case Items(name, "generator", _, taken, after_each):
                with closing(trace(name=name)(self._items)(step)) as items:
                    for _ in itertools.islice(items, taken):
                        await self._take(after_each, current)
            case Items(name, _, _, taken, after_each):
                async with aclosing(trace(name=name)(self._async_items)(step)) as async_items:
                    with suppress(StopAsyncIteration):
                        for _ in range(taken):
                            await anext(async_items)
                            await self._take(after_each, current)
            case Catch(steps):
                with suppress(BoomError):
                    await self._take(steps, current)
            case Spawn(steps):
                self._start(self.run(steps, current))

    def _items(self, step: Items) -> Generator[None, None, None]:
        for steps in step.items:
            taking = self._take(steps, step.name)
            # No other task can run while a plain generator makes an item, so pauses do nothing.
            with suppress(StopIteration):
                while True:
                    taking.send(None)
            yield

    async def _async_items(self, step: Items) -> AsyncGenerator[None, None]:
        for steps in step.items:
            await self._take(steps, step.name)
            yield


def run_in_tasks(program: Block) -> None:
    async def main() -> None:
        tasks: list[asyncio.Task[None]] = []
        start: Start = lambda coroutine: tasks.append(asyncio.create_task(coroutine))  # noqa: E731 - one line of glue
        await Interpreter(start).run(program)
        while tasks:
            await tasks.pop()

    asyncio.run(main())


class Threads:
    """Scheduler that runs coroutines in threads, one at a time. At each pause it picks the next thread at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self._running: list[int] = []
        self._turn = 0
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        number = next(self._numbers)
        with self._changed:
            self._running.append(number)
        thread = threading.Thread(target=self._drive, args=(coroutine, number))
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait for all threads, and raise the first failure."""
        while self._threads:
            self._threads.pop(0).join()
        for failure in self._failures:
            raise failure

    def _drive(self, coroutine: Coroutine[Any, Any, None], number: int) -> None:
        self._await_turn(number)
        try:
            with suppress(StopIteration):
                while True:
                    coroutine.send(None)
                    self._choose_next()
                    self._await_turn(number)
        except BaseException as failure:
            self._failures.append(failure)
        finally:
            self._running.remove(number)
            self._choose_next()

    def _await_turn(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._turn == number)

    def _choose_next(self) -> None:
        with self._changed:
            if self._running:
                self._turn = self._random.choice(self._running)
                self._changed.notify_all()


@pytest.fixture
def _propagated() -> Iterator[None]:
    propagate_context()
    yield
    propagate_context(False)
    propagation.mode = "pools"


def run_in_threads(program: Block, seed: int) -> None:
    threads = Threads(seed)
    threads.start(Interpreter(threads.start).run(program))
    threads.join()


# The tests ----------------------------------------------------------------------------------------------------------


def recorded_in(traces: list[Trace]) -> list[RecordedSpan]:
    spans = [span for read in traces for span in read.data.spans]
    names = {(span.trace_id, span.span_id): span.name for span in spans}
    return sorted(
        RecordedSpan(
            span.name,
            names[span.trace_id, span.parent_id] if span.parent_id else None,
            span.status.status_code,
        )
        for span in spans
    )


@pytest.mark.covers("Contexts", "Any interleaving of tasks")
@settings(deadline=None)
@given(programs())
def test_tasks_in_any_order_record_the_predicted_trees(program: Block) -> None:
    with capture_traces() as traces:
        run_in_tasks(program)
        assert get_current_span().span_id is None
    assert recorded_in(list(traces)) == expected(program)


@pytest.mark.covers("Contexts", "Any interleaving of threads")
@pytest.mark.usefixtures("_propagated")
@settings(deadline=None)
@given(programs(), st.integers(0, 2**32))
def test_threads_in_any_order_record_the_predicted_trees(program: Block, seed: int) -> None:
    with capture_traces() as traces:
        run_in_threads(program, seed)
        assert get_current_span().span_id is None
    assert recorded_in(list(traces)) == expected(program)
