"""One `start_span` object in several blocks: each entry has its own span, in all orders and contexts."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import Any

import pytest

import ace_tracing
from ace_tracing import Span, get_current_span, start_span
from ace_tracing.testing import CapturedTraces, assert_tree, capture_traces


@pytest.fixture(autouse=True)
def _forget_warnings() -> None:
    ace_tracing.diagnostics._last_warned.clear()


def leave(block: start_span) -> None:
    block.__exit__(None, None, None)


def spans_of(traces: CapturedTraces) -> dict[object, Span]:
    """Return the spans by their attribute `who`."""
    return {span.attributes["who"]: span for found in traces for span in found.data.spans}


def test_tasks_inside_one_object_each_end_their_own_span() -> None:
    block = start_span("step")
    ends = {who: asyncio.Event() for who in range(3)}

    async def work(who: int) -> None:
        async with block as span:
            span.set_attribute("who", who)
            await ends[who].wait()
            assert get_current_span() is span
            assert span.end_time_ns is None

    async def main() -> None:
        tasks = [asyncio.create_task(work(who)) for who in ends]
        # In the order of entry, the reverse of nested blocks.
        for who, task in enumerate(tasks):
            await asyncio.sleep(0)
            ends[who].set()
            await task

    with capture_traces() as traces:
        asyncio.run(main())
    assert {who: span.parent_id for who, span in spans_of(traces).items()} == {0: None, 1: None, 2: None}


def test_threads_inside_one_object_each_end_their_own_span() -> None:
    block = start_span("step")
    began = threading.Barrier(8)

    def work(who: int) -> None:
        for turn in range(50):
            began.wait(120)
            with block as span:
                span.set_attribute("who", (who, turn))
                began.wait(120)
                assert get_current_span() is span
                assert span.end_time_ns is None
            assert span.end_time_ns is not None

    with capture_traces() as traces:
        threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(traces) == 400
    assert not block._entries


def test_an_error_in_one_task_marks_only_its_own_span() -> None:
    block = start_span("step")

    async def work(who: str, other: asyncio.Event, mine: asyncio.Event) -> None:
        with block as span:
            span.set_attribute("who", who)
            mine.set()
            await other.wait()
            if who == "fails":
                raise ValueError

    async def main() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        await asyncio.gather(work("fails", first, second), work("works", second, first), return_exceptions=True)

    with capture_traces() as traces:
        asyncio.run(main())
    statuses = {who: span.status.status_code for who, span in spans_of(traces).items()}
    assert statuses == {"fails": "ERROR", "works": "OK"}


def test_a_recursive_function_can_use_one_object() -> None:
    block = start_span("step")

    def count(depth: int) -> None:
        with block:
            if depth:
                count(depth - 1)

    with capture_traces() as traces:
        count(2)
        count(0)
    assert_tree(traces[0], {"step": {"step": "step"}})
    assert_tree(traces[1], "step")


def test_a_block_entered_while_tracing_was_off_leaves_the_outer_span_alone() -> None:
    block = start_span("step")
    with capture_traces() as traces, block as outer:
        ace_tracing.disable()
        with block as inner:
            ace_tracing.enable()
        assert (inner.span_id, outer.end_time_ns) == (None, None)
        assert get_current_span() is outer
    assert len(traces[0].data.spans) == 1


def test_overlapping_blocks_of_two_objects_end_with_their_own_exits() -> None:
    first, second = start_span("first"), start_span("second")
    with capture_traces() as traces:
        spans = [block.__enter__() for block in (first, second)]
        leave(first)
        assert [span.end_time_ns is None for span in spans] == [False, True]
        leave(second)
    assert_tree(traces[0], {"first": "second"})


def test_overlapping_blocks_of_one_object_end_in_the_context_that_entered_them() -> None:
    block, other = start_span("step"), start_span("other")
    contexts = [copy_context(), copy_context()]
    with capture_traces() as traces:
        spans = [context.run(block.__enter__) for context in contexts]
        for context in contexts:
            context.run(other.__enter__)
        contexts[0].run(leave, block)
        assert [span.end_time_ns is None for span in spans] == [False, True]
        contexts[1].run(leave, block)
        for context in contexts:
            context.run(leave, other)
    assert len(traces) == 2


@pytest.mark.parametrize("enter", [lambda run, enter: run(enter), lambda _, enter: enter()])
def test_a_block_can_be_left_in_another_context(enter: Callable[..., object]) -> None:
    block = start_span("step")
    with capture_traces() as traces:
        enter(copy_context().run, block.__enter__)
        thread = threading.Thread(target=leave, args=(block,))
        thread.start()
        thread.join()
    assert [span.status.status_code for span in traces[0].data.spans] == ["OK"]


def test_no_span_ends_before_its_block_when_nothing_identifies_the_exit() -> None:
    block = start_span("step")
    with capture_traces() as traces:
        spans = [copy_context().run(block.__enter__) for _ in range(3)]
        for _ in range(2):
            copy_context().run(leave, block)
            assert [span.end_time_ns for span in spans] == [None] * 3
        copy_context().run(leave, block)
    assert len(traces) == 3
    assert not block._entries


def test_an_exit_without_an_entry_is_ignored_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    block = start_span("step")
    with capture_traces() as traces, start_span("other") as other:
        leave(block)
        leave(block)
        assert get_current_span() is other
        with block:
            pass
    assert_tree(traces[0], {"other": "step"})
    assert caplog.messages == ["start_span('step') was left more often than entered"]


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, lambda block: pickle.loads(pickle.dumps(block))])
def test_a_copy_shares_no_span_with_its_original(make_copy: Callable[[start_span], start_span]) -> None:
    block = start_span("step", "TOOL", {"k": [3]}, agent="me")
    with capture_traces() as traces, block as outer, make_copy(block) as inner:
        assert (inner.parent_id, inner.agent) == (outer.span_id, "me")
    assert [span.attributes["k"] for span in traces[0].data.spans] == [[3], [3]]
    with capture_traces() as traces, block, make_copy(block):
        pass
    assert_tree(traces[0], {"step [TOOL OK]": "step [TOOL OK]"})


def enter_block() -> object:
    return start_span("outer").__enter__()


def enter_async_block() -> object:
    try:
        start_span("outer").__aenter__().send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("entering a block waits for nothing")


@pytest.mark.parametrize("enter", [enter_block, enter_async_block])
def test_a_block_that_nothing_refers_to_stays_entered(enter: Callable[[], Any]) -> None:
    def run() -> None:
        outer = enter()
        gc.collect()
        with start_span("inner") as inner:
            assert inner.trace_id == outer.trace_id
        assert get_current_span() is outer

    with capture_traces():
        copy_context().run(run)


def test_exit_stacks_enter_one_object_several_times() -> None:
    block = start_span("step")

    async def main() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(block)
            stack.enter_context(block)

    with capture_traces() as traces:
        with ExitStack() as stack:
            stack.enter_context(block)
            stack.enter_context(block)
        asyncio.run(main())
    for found in traces:
        assert_tree(found, {"step": "step"})


def test_context_managers_around_one_object_nest() -> None:
    block = start_span("step")

    @contextmanager
    def plain() -> Iterator[None]:
        with block:
            yield

    @asynccontextmanager
    async def asynchronous() -> AsyncIterator[None]:
        async with block:
            yield

    async def main() -> None:
        async with asynchronous(), asynchronous():
            with plain():
                pass

    with capture_traces() as traces:
        asyncio.run(main())
    assert_tree(traces[0], {"step": {"step": "step"}})
