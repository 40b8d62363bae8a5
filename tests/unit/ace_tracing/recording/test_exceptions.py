"""Exceptions that leave a span: an exit with success and a closed generator are no errors, everything else is."""

from __future__ import annotations

import asyncio
import enum
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import click
import pytest

from ace_tracing import start_span, trace
from ace_tracing.testing import CapturedTraces, capture_traces


class Code(enum.IntEnum):
    """Exit codes of a program."""

    SUCCESS = 0
    FAILURE = 1


class Exit(SystemExit):
    """Exit of an application."""


class BrokenExit(SystemExit):
    """Exit whose code cannot be read."""

    @property
    def code(self) -> int:  # type: ignore[override]
        raise RuntimeError


SUCCESSES: Final = [
    *(SystemExit(), SystemExit(0), SystemExit(None), SystemExit(False), SystemExit(Code.SUCCESS), Exit(0), Exit()),
    click.exceptions.Exit(0),
]
FAILURES: Final = [
    *(SystemExit(2), SystemExit(-1), SystemExit("no key"), SystemExit(""), SystemExit(0.0), SystemExit(True)),
    *(SystemExit(Code.FAILURE), SystemExit(0, "x"), SystemExit([]), Exit(1), BrokenExit(0)),
    *(click.exceptions.Exit(1), click.exceptions.Abort(), KeyboardInterrupt(), asyncio.CancelledError()),
    *(BaseExceptionGroup("all", [SystemExit(0)]), GeneratorExit()),
]

Run = Callable[[BaseException], object]


@trace
def function(error: BaseException) -> None:
    raise error


@trace
def with_arguments(*errors: BaseException) -> None:
    raise errors[0]


@trace
async def coroutine(error: BaseException) -> None:
    raise error


@trace
def generator(error: BaseException) -> Iterator[int]:
    yield 1
    raise error


@trace
async def async_generator(error: BaseException) -> AsyncIterator[int]:
    yield 1
    raise error


@trace(reducer=len)
def stream(error: BaseException) -> Iterator[int]:
    return iter(generator(error))


@start_span("decorated")
def decorated(error: BaseException) -> None:
    raise error


def block(error: BaseException) -> None:
    with start_span("outer"), start_span("inner"):
        raise error


def drive(running: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine that never waits. An event loop would handle the exits itself."""
    running.send(None)


async def async_block(error: BaseException) -> None:
    async with start_span("outer"):
        await coroutine(error)


async def consume(error: BaseException) -> list[int]:
    return [item async for item in async_generator(error)]


SHAPES: Final[dict[str, Run]] = {
    "function": function,
    "function with *args": with_arguments,
    "coroutine": lambda error: drive(coroutine(error)),
    "generator": lambda error: list(generator(error)),
    "async generator": lambda error: drive(consume(error)),
    "stream": lambda error: list(stream(error)),
    "decorated": decorated,
    "nested blocks": block,
    "async block": lambda error: drive(async_block(error)),
}


def statuses(traces: CapturedTraces) -> set[tuple[str, int]]:
    """Return the status of each span, with the number of its events."""
    return {(span.status.status_code, len(span.events)) for found in traces for span in found.data.spans}


@pytest.mark.parametrize("error", SUCCESSES, ids=repr)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_exit_with_success_is_not_an_error(shape: str, error: BaseException) -> None:
    with capture_traces() as traces:
        with pytest.raises(type(error)) as raised:
            SHAPES[shape](error)
        assert raised.value is error
    assert statuses(traces) == {("OK", 0)}
    assert {found.info.state for found in traces} == {"OK"}


@pytest.mark.parametrize("error", FAILURES, ids=repr)
@pytest.mark.parametrize("shape", ["function", "coroutine", "nested blocks"])
def test_any_other_exit_is_an_error(shape: str, error: BaseException) -> None:
    with capture_traces() as traces, pytest.raises(type(error)):
        SHAPES[shape](error)
    assert statuses(traces) == {("ERROR", 1)}


def test_the_functions_of_the_standard_library_raise_such_exits() -> None:
    with capture_traces() as traces:
        for code in (0, None):
            with suppress(SystemExit), start_span("exit"):
                sys.exit(code)
    assert statuses(traces) == {("OK", 0)}


@contextmanager
def around() -> Iterator[None]:
    with start_span("around"):
        yield


def blocks_around_items() -> Generator[int, None, None]:
    with around(), start_span("block"):
        yield 1
        yield 2


@pytest.mark.parametrize("leave", [lambda items: items.close(), lambda items: items.throw(GeneratorExit)])
def test_a_block_in_a_generator_that_the_consumer_closes_is_no_error(leave: Callable[..., None]) -> None:
    items = blocks_around_items()
    with capture_traces() as traces, suppress(GeneratorExit):
        next(items)
        leave(items)
    assert statuses(traces) == {("OK", 0)}


def test_a_block_in_an_async_generator_that_the_consumer_closes_is_no_error() -> None:
    async def items() -> AsyncIterator[int]:
        async with start_span("block"):
            yield 1

    async def main() -> None:
        async for _ in (made := items()):
            break
        await made.aclose()  # type: ignore[attr-defined]

    with capture_traces() as traces:
        asyncio.run(main())
    assert statuses(traces) == {("OK", 0)}


def test_an_abandoned_coroutine_is_an_error() -> None:
    @trace
    async def work() -> None:
        with around(), start_span("block"):
            await asyncio.sleep(60)

    async def main() -> None:
        running = work()
        running.send(None)
        running.close()

    with capture_traces() as traces:
        asyncio.run(main())
    assert statuses(traces) == {("ERROR", 1)}


def test_an_exit_that_is_recorded_by_hand_is_an_error() -> None:
    with capture_traces() as traces, start_span("step") as span:
        span.record_exception(SystemExit(0))
    assert statuses(traces) == {("ERROR", 1)}


@trace
def descend(depth: int) -> None:
    if depth:
        descend(depth - 1)
    raise KeyError("bottom")


def record_descent(depth: int) -> list[str]:
    """Return the tracebacks of the spans that an exception leaves, the root's first."""
    with capture_traces() as traces, suppress(KeyError):
        descend(depth)
    spans = sorted(traces[0].data.spans, key=lambda span: span.start_time_ns)
    return [span.events[0].attributes["exception.stacktrace"] for span in spans]


def test_tracebacks_of_a_deep_call_grow_with_its_depth() -> None:
    short, long = (sum(map(len, record_descent(depth))) for depth in (60, 120))
    # Four times as much if each span had the whole traceback.
    assert long < 2.5 * short


def test_root_of_a_deep_call_has_the_whole_traceback() -> None:
    tracebacks = record_descent(60)
    assert tracebacks[0].count("in descend") == 4
    assert "Previous line repeated 57 more times" in tracebacks[0]
    assert tracebacks[-1].count("in descend") == 1


def test_spans_of_a_deep_call_have_their_part_and_the_line_that_raised() -> None:
    traceback = record_descent(60)[10]
    assert traceback.startswith("Traceback (most recent call last):\n  File ")
    assert "descend(depth - 1)" in traceback
    assert "<cut: 49 more of 51 frames, see the spans inside this one>" in traceback
    assert traceback.endswith("""raise KeyError("bottom")\nKeyError: 'bottom'\n""")


def test_spans_of_a_call_of_few_frames_have_the_whole_traceback() -> None:
    tracebacks = record_descent(3)
    assert [text.count("in descend") for text in tracebacks] == [4, 3, 2, 1]


def test_an_exception_after_another_has_its_own_traceback() -> None:
    with capture_traces() as traces, start_span("root"):
        for depth in (40, 40, 2):
            with suppress(KeyError):
                descend(depth)
    spans = sorted(traces[0].data.spans, key=lambda span: span.start_time_ns)
    last = spans[-3].events[0].attributes["exception.stacktrace"]
    assert last.count("in descend") == 3
