"""The parent of work in other threads, tasks and executors, for each way in which Python runs such work."""

from __future__ import annotations

import asyncio
import decimal
import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.to_thread
import pytest

from ace_tracing import folder, propagate_context, session, start_span, trace, with_context
from ace_tracing.testing import capture_traces


@pytest.fixture
def _opted_in() -> Iterator[None]:
    propagate_context()
    yield
    propagate_context(False)


@trace
def work() -> str:
    return "done"


@trace
async def awork() -> str:
    await asyncio.sleep(0)
    return "done"


def in_thread() -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


class Subclass(threading.Thread):
    def run(self) -> None:
        work()


def in_subclass() -> None:
    thread = Subclass()
    thread.start()
    thread.join()
    assert "run" not in vars(thread)


def in_timer() -> None:
    timer = threading.Timer(0, work)
    timer.start()
    timer.join()


def in_thread_of_a_thread() -> None:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


def in_executor() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == "done"


def mapped() -> None:
    def on_item(_: int) -> str:
        return work()

    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(on_item, [1])) == ["done"]


def in_one_executor() -> None:
    with with_context(with_context(ThreadPoolExecutor(1))) as pool:
        assert pool.submit(work).result() == "done"


def in_task() -> None:
    async def main() -> None:
        await asyncio.create_task(awork())

    asyncio.run(main())


def in_task_group() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(awork())

    asyncio.run(main())


def gathered() -> None:
    async def main() -> None:
        await asyncio.gather(awork())

    asyncio.run(main())


def called_soon() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(work)
        await asyncio.sleep(0)

    asyncio.run(main())


def to_thread() -> None:
    asyncio.run(asyncio.to_thread(work))


def run_in_executor() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(main())


def threadsafe() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(awork(), loop).result())

    asyncio.run(main())


def anyio_task_group() -> None:
    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(awork)

    anyio.run(main)


def anyio_to_thread() -> None:
    async def main() -> None:
        await anyio.to_thread.run_sync(work)

    anyio.run(main)


# name: (function that runs the work, whether Python propagates the context)
TABLE = {
    "`threading.Thread`": (in_thread, False),
    "subclass of `Thread`": (in_subclass, False),
    "`threading.Timer`": (in_timer, False),
    "thread of a thread": (in_thread_of_a_thread, False),
    "`ThreadPoolExecutor.submit`": (in_executor, False),
    "`ThreadPoolExecutor.map`": (mapped, False),
    "`with_context(ThreadPoolExecutor)`": (in_one_executor, True),
    "`loop.run_in_executor`": (run_in_executor, False),
    "asyncio task": (in_task, True),
    "`asyncio.TaskGroup`": (in_task_group, True),
    "`asyncio.gather`": (gathered, True),
    "`loop.call_soon`": (called_soon, True),
    "`asyncio.to_thread`": (to_thread, True),
    "`run_coroutine_threadsafe`": (threadsafe, True),
    "anyio task group": (anyio_task_group, True),
    "`anyio.to_thread`": (anyio_to_thread, True),
}


def cases(names: Iterable[str]) -> list[Any]:
    return [
        pytest.param(TABLE[name][0], id=name.replace("`", ""), marks=pytest.mark.covers("Contexts", name))
        for name in names
    ]


def names_below_the_caller(run: Callable[[], None]) -> list[str]:
    with capture_traces() as traces:
        with start_span("caller") as caller:
            run()
        spans = [span for read in traces for span in read.data.spans]
    assert len(spans) == 2
    return [span.name for span in spans if span.parent_id == caller.span_id]


@pytest.mark.usefixtures("_opted_in")
@pytest.mark.parametrize("run", cases(TABLE))
def test_work_is_a_child_of_the_caller_after_propagate_context(run: Callable[[], None]) -> None:
    (child,) = names_below_the_caller(run)
    assert child in ("work", "awork")


@pytest.mark.parametrize("run", cases(name for name, (_, is_native) in TABLE.items() if is_native))
def test_work_is_a_child_of_the_caller_where_python_propagates(run: Callable[[], None]) -> None:
    (child,) = names_below_the_caller(run)
    assert child in ("work", "awork")


@pytest.mark.covers("Contexts", "worker that serves several callers in turn")
@pytest.mark.usefixtures("_opted_in")
def test_a_pool_s_worker_gets_the_span_of_each_submission() -> None:
    with ThreadPoolExecutor(1) as pool, capture_traces() as traces:
        for name in ("first", "second"):
            with start_span(name):
                pool.submit(work).result()
        pool.submit(work).result()
        trees = [[(depth, span.name) for depth, span in read.walk()] for read in traces]
    assert trees == [[(0, "first"), (1, "work")], [(0, "second"), (1, "work")], [(0, "work")]]


@pytest.mark.usefixtures("_opted_in")
def test_only_scopes_and_spans_are_propagated() -> None:
    precisions = []
    with capture_traces() as traces, decimal.localcontext(prec=7), session("s-1"):
        thread = threading.Thread(target=lambda: precisions.append(decimal.getcontext().prec) or work())
        thread.start()
        thread.join()
        (read,) = traces
    assert precisions == [decimal.DefaultContext.prec]
    assert read.info.trace_metadata["mlflow.trace.session"] == "s-1"


def run_scoped(make_pool: Callable[[], ThreadPoolExecutor]) -> list[tuple[str | None, str | None]]:
    """Return folder and session of two traces that begin in the workers of a pool that is made beside its scopes."""
    with capture_traces() as traces:
        with folder("runs"), session("s-1"), make_pool() as pool:
            pool.submit(work).result()
            assert list(pool.map(lambda _: work(), [1])) == ["done"]
        return [(read.info.folder, read.info.trace_metadata.get("mlflow.trace.session")) for read in traces]


@pytest.mark.usefixtures("_opted_in")
def test_scopes_beside_a_pool_reach_its_workers_once_contexts_are_propagated() -> None:
    assert run_scoped(ThreadPoolExecutor) == [("runs", "s-1")] * 2


def test_scopes_beside_a_pool_reach_its_workers_with_context() -> None:
    assert run_scoped(lambda: with_context(ThreadPoolExecutor())) == [("runs", "s-1")] * 2


def test_scopes_beside_a_pool_stay_in_their_thread_by_default() -> None:
    assert run_scoped(ThreadPoolExecutor) == [(None, None)] * 2


def test_propagate_context_is_idempotent_and_reversible() -> None:
    before = threading.Thread.start, ThreadPoolExecutor.submit
    propagate_context()
    once = threading.Thread.start
    propagate_context()
    assert threading.Thread.start is once is not before[0]
    propagate_context(False)
    propagate_context(False)
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before


def test_propagate_context_is_inactive_below_a_foreign_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    propagate_context()
    patched = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: patched(self))
    propagate_context(False)
    with capture_traces() as traces, start_span("caller"):
        in_thread()
        assert [read.root.name for read in traces if read.root] == ["work"]
    monkeypatch.undo()
    propagate_context()
    propagate_context(False)
    assert threading.Thread.start is not patched


@pytest.mark.usefixtures("_opted_in")
def test_patched_threads_raise_the_original_errors() -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    assert "run" not in vars(thread)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            future.result()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(work)


@pytest.mark.usefixtures("_opted_in")
def test_a_finished_thread_leaves_no_garbage() -> None:
    def threads() -> set[threading.Thread]:
        return {thing for thing in gc.get_objects() if isinstance(thing, threading.Thread)}

    gc.collect()
    gc.disable()
    try:
        before = threads()
        with capture_traces(), start_span("caller"):
            in_thread()
        assert threads() <= before
    finally:
        gc.enable()
