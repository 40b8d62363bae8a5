"""Items of a stream: each is recorded as the value it was when it was yielded, up to the documented bounds."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ace_tracing import trace
from ace_tracing.testing import capture_traces
from ace_tracing.values.snapshot import DEFAULT_LIMITS, Limits, snapshot

MAX_ITEMS: Final = 10_000
LIMITS: Final = Limits(depth=DEFAULT_LIMITS.depth - 1)


class Text(str):
    """A subclass of `str` whose text could change."""

    __slots__ = ()


def record(items: list[Any], *, is_async: bool = False) -> tuple[Any, int]:
    """Return the recorded items of a traced generator, and the number of items that are only counted."""

    @trace
    def stream() -> Iterator[Any]:
        yield from items

    @trace(name="stream")
    async def astream() -> AsyncIterator[Any]:
        for item in items:
            yield item

    async def consume() -> list[Any]:
        return [item async for item in astream()]

    with capture_traces() as traces:
        received = asyncio.run(consume()) if is_async else list(stream())
    assert all(one is other for one, other in zip(received, items, strict=True))
    root = traces[0].root
    assert root is not None
    return root.outputs, root.attributes.get("stream.items_not_recorded", 0)


def expect(items: list[Any]) -> tuple[Any, int]:
    """Return the same by encoding each item separately."""
    texts: list[bytes] = []
    size = 0
    for item in items:
        if len(texts) == MAX_ITEMS or size >= DEFAULT_LIMITS.value_bytes:
            break
        texts.append(snapshot(item, LIMITS))
        size += len(texts[-1]) + 1
    return json.loads(b"[%b]" % b",".join(texts)), len(items) - len(texts)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text().map(Text)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.lists(values, max_size=30), st.booleans())
@example([1, 2**64, "a", "\ud800", {"b": 2**70}, float("nan"), float("inf"), True, None], False)
@example(["x" * 5_000, "é" * 5_000, "\0" * 5_000, 1, [], {}], True)
def test_items_are_recorded_as_if_encoded_one_by_one(items: list[Any], is_async: bool) -> None:
    assert record(items, is_async=is_async) == expect(items)


@given(st.lists(values, max_size=30))
@example(["word"] * 1_000 + [{"index": 1}, "x" * 5_000, 2])
def test_reducer_gets_every_item_in_its_order(items: list[Any]) -> None:
    received: list[Any] = []

    @trace(reducer=received.extend)
    def stream() -> Iterator[Any]:
        yield from items

    with capture_traces():
        list(stream())
    assert repr(received) == repr(items)


def test_reducer_gets_the_documented_number_of_items() -> None:
    @trace(reducer=len)
    def stream() -> Iterator[Any]:
        yield from ["word", {"index": 1}] * MAX_ITEMS

    with capture_traces() as traces:
        list(stream())
    root = traces[0].root
    assert root is not None
    assert (root.outputs, root.attributes["stream.items_not_recorded"]) == (MAX_ITEMS, MAX_ITEMS)


@pytest.mark.parametrize("count", [MAX_ITEMS - 1, MAX_ITEMS, MAX_ITEMS + 1, MAX_ITEMS + 700])
@pytest.mark.parametrize("item", [1, "word", {"index": 1}], ids=["number", "text", "dict"])
def test_stream_records_the_documented_number_of_items(item: Any, count: int) -> None:
    assert record([item] * count) == expect([item] * count)


@pytest.mark.parametrize(
    "items",
    [["x" * 500] * 2_500, ["\0" * 500] * 600, ["é" * 700] * 900, ["x" * 200_000, 1] * 8, [{"a": "x" * 9_000}, 2] * 150],
    ids=["ASCII", "escapes", "two bytes a character", "large texts", "dicts"],
)
def test_stream_is_whole_up_to_the_documented_size(items: list[Any]) -> None:
    recorded, unrecorded = record(items)
    assert (recorded, unrecorded) == expect(items)
    assert unrecorded


def test_reducer_gets_all_items_beside_busy_threads() -> None:
    # Copying the items takes a fifth of the bound. Beside the threads, it takes a multiple of that in wall time.
    items = [{"number": number, "texts": ["word"] * 80} for number in range(4_000)]

    @trace(reducer=len)
    def stream() -> Iterator[Any]:
        yield from items

    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1_000))

    threads = [threading.Thread(target=compute) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        with capture_traces() as traces:
            list(stream())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    root = traces[0].root
    assert root is not None
    assert root.outputs == len(items)


def test_items_that_are_not_captured_are_not_counted_either() -> None:
    @trace(capture_outputs=False)
    def stream() -> Iterator[Any]:
        yield from range(MAX_ITEMS + 1)

    with capture_traces() as traces:
        assert len(list(stream())) == MAX_ITEMS + 1
    root = traces[0].root
    assert root is not None
    assert root.outputs is None
    assert "stream.items_not_recorded" not in root.attributes


def test_waiting_items_are_recorded_when_the_generator_fails() -> None:
    @trace
    def stream() -> Iterator[Any]:
        yield 1
        yield "\ud800"
        raise ValueError("no more")

    with capture_traces() as traces, pytest.raises(ValueError, match="no more"):
        list(stream())
    root = traces[0].root
    assert root is not None
    assert (root.outputs, root.status.status_code) == ([1, "\\ud800"], "ERROR")
