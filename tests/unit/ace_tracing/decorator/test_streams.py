"""A stream that a function with a reducer returns behaves like the plain one, and its items are recorded."""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import copy
import inspect
import pickle
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any

import pytest

from ace_tracing import get_current_span, trace
from ace_tracing.testing import capture_traces


class Chunks:
    """A client's stream: an iterator and context manager with further methods and private attributes."""

    def __init__(self, *chunks: str) -> None:
        self.chunks = list(chunks)
        self._iterator = "private"
        self._stream = "private"
        self._collector = "private"

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self.chunks:
            raise StopIteration
        return self.chunks.pop(0)

    def __enter__(self) -> Chunks:
        return self

    def __exit__(self, *_: object) -> bool:
        return True

    def __getitem__(self, index: int) -> str:
        return self.chunks[index]

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"Chunks({self.chunks})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chunks) and other.chunks == self.chunks

    __hash__ = None  # type: ignore[assignment]


class Connection:
    """A stream in both directions, as of a websocket."""

    close = "never"

    def __init__(self) -> None:
        self.is_open = True

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> str:
        return "received"

    async def send(self, text: str) -> str:
        return f"sent {text}"

    async def aclose(self) -> None:
        self.is_open = False


class AsyncChunks:
    """An asynchronous iterable that starts again each time, and that can be awaited."""

    async def __aiter__(self) -> AsyncIterator[str]:
        yield "a"
        yield "b"

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "awaited"


def numbers() -> Generator[int, Any, str]:
    seen = []
    for number in range(3):
        try:
            seen.append((yield number))
        except KeyError as error:
            seen.append(error.args[0])
    return str(seen)


async def anumbers() -> AsyncGenerator[int, Any]:
    for number in range(3):
        try:
            await asyncio.sleep(0)
            if (yield number):
                yield 10
        except KeyError:
            yield 20


@contextlib.contextmanager
def managed(value: Any) -> Iterator[Any]:
    yield value


@contextlib.asynccontextmanager
async def amanaged(value: Any) -> AsyncIterator[Any]:
    yield value


def outcome(call: Callable[[], Any]) -> Any:
    """Return a call's result, or the type and text of its exception."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


def use_generator(stream: Any) -> list[Any]:
    steps: list[Callable[[], Any]] = [
        lambda: inspect.isgenerator(stream),
        lambda: next(stream),
        lambda: stream.send("sent"),
        lambda: stream.throw(KeyError("thrown")),
        lambda: stream.gi_frame is None,
        lambda: next(stream),
        lambda: next(stream, "exhausted"),
        lambda: stream.close(),
    ]
    return [outcome(step) for step in steps]


def use_chunks(stream: Any) -> list[Any]:
    def set_attribute() -> Any:
        stream.label = "new"
        return vars(stream)["label"]

    steps: list[Callable[[], Any]] = [
        lambda: isinstance(stream, Chunks),
        lambda: bool(stream),
        lambda: repr(stream),
        lambda: stream[0],
        lambda: hash(stream),
        lambda: len(stream),
        lambda: stream == Chunks("a", "b"),
        lambda: (stream._iterator, stream._stream, stream._collector),
        set_attribute,
        lambda: hasattr(stream, "close"),
        lambda: hasattr(stream, "__wrapped__"),
        lambda: next(stream),
        lambda: stream.__exit__(ValueError, ValueError("no"), None),
        lambda: type(copy.copy(stream)) is Chunks,
        lambda: pickle.loads(pickle.dumps(stream)) == stream,
    ]
    return [outcome(step) for step in steps]


def use_iterator(stream: Any) -> list[Any]:
    steps: list[Callable[[], Any]] = [
        lambda: isinstance(stream, collections.abc.Iterator),
        lambda: isinstance(stream, contextlib.AbstractContextManager),
        lambda: stream.__enter__(),
        lambda: list(stream),
    ]
    return [outcome(step) for step in steps]


def use_manager(stream: Any) -> list[Any]:
    results = [isinstance(stream, collections.abc.Iterator)]
    with stream as value:
        results.append(value)
        if isinstance(value, collections.abc.Iterator):
            results.append(list(value))
    return results


async def use_async_generator(stream: Any) -> list[Any]:
    results: list[Any] = [inspect.isasyncgen(stream), hasattr(stream, "close")]
    for step in (
        lambda: anext(stream),
        lambda: stream.asend("sent"),
        lambda: stream.athrow(KeyError),
        lambda: stream.aclose(),
        lambda: anext(stream, "exhausted"),
    ):
        results.append(await step())
    return results


async def use_async_chunks(stream: Any) -> list[Any]:
    results = [inspect.isawaitable(stream), isinstance(stream, collections.abc.AsyncIterator), await stream]
    results += [[item async for item in stream], [item async for item in stream]]
    return results


async def use_connection(stream: Any) -> list[Any]:
    results = [await stream.send("a"), await anext(stream), stream.close, inspect.iscoroutinefunction(stream.aclose)]
    await stream.aclose()
    return [*results, stream.is_open]


async def use_async_manager(stream: Any) -> list[Any]:
    async with stream as value:
        return [value]


@pytest.mark.parametrize(
    ("make", "use", "items"),
    [
        (numbers, use_generator, [0, 1, 2]),
        (lambda: Chunks("a", "b"), use_chunks, ["a"]),
        (lambda: iter((1, 2)), use_iterator, [1, 2]),
        (lambda: managed(5), use_manager, []),
        (lambda: managed([1, 2]), use_manager, []),
        (lambda: managed(iter("ab")), lambda stream: use_manager(stream)[2:], ["a", "b"]),
        (anumbers, use_async_generator, [0, 10, 20]),
        (AsyncChunks, use_async_chunks, ["a", "b"]),
        (Connection, use_connection, ["received"]),
        (lambda: amanaged("text"), use_async_manager, []),
    ],
    ids=[
        "generator",
        "client stream",
        "iterator",
        "manager of a number",
        "manager of a list",
        "manager of a stream",
        "async generator",
        "async iterable",
        "connection",
        "async manager",
    ],
)
def test_returned_stream_behaves_like_the_plain_one(
    make: Callable[[], Any], use: Callable[[Any], list[Any] | Awaitable[list[Any]]], items: list[Any]
) -> None:
    async def run(stream: Any) -> list[Any]:
        used = use(stream)
        return used if isinstance(used, list) else await used

    @trace(reducer=list)
    def call() -> Any:
        return make()

    plain = asyncio.run(run(make()))
    with capture_traces() as traces:
        assert asyncio.run(run(call())) == plain
    root = traces[0].root
    assert root is not None
    assert root.outputs == items


def test_span_is_current_while_a_returned_generator_handles_a_sent_value() -> None:
    seen = []

    def listen() -> Generator[None, Any, None]:
        for _ in range(3):
            seen.append(get_current_span().name)
            yield

    @trace(reducer=list)
    def call() -> Generator[None, Any, None]:
        return listen()

    with capture_traces():
        stream = call()
        stream.send(None)
        stream.send("text")
        assert get_current_span().span_id is None
    assert seen == ["call", "call"]


def test_stream_iterated_again_after_its_end_is_recorded_once() -> None:
    async def consume(stream: Any) -> list[str]:
        return [item async for item in stream] + [item async for item in stream]

    @trace(reducer=list)
    def call() -> Any:
        return AsyncChunks()

    with capture_traces() as traces:
        assert asyncio.run(consume(call())) == ["a", "b", "a", "b"]
    (read,) = traces
    assert read.root is not None
    assert read.root.outputs == ["a", "b"]
