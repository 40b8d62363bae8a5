"""The parent of work in other threads, tasks and executors, for each way in which Python runs such work."""

from __future__ import annotations

import asyncio
import decimal
import gc
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.to_thread
import pytest

from ace_tracing import (
    configure,
    folder,
    propagate_context,
    search_traces,
    session,
    shutdown,
    start_span,
    trace,
    with_context,
)
from ace_tracing.propagation.executors import propagation
from ace_tracing.recording.span import LiveSpan
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _default_again() -> Iterator[None]:
    yield
    propagate_context(False)
    propagation.mode = "pools"


@pytest.fixture
def _opted_in() -> None:
    propagate_context()


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


# name: (function that runs the work, whether the context is propagated by default)
TABLE = {
    "`threading.Thread`": (in_thread, False),
    "subclass of `Thread`": (in_subclass, False),
    "`threading.Timer`": (in_timer, False),
    "thread of a thread": (in_thread_of_a_thread, False),
    "`ThreadPoolExecutor.submit`": (in_executor, True),
    "`ThreadPoolExecutor.map`": (mapped, True),
    "`with_context(ThreadPoolExecutor)`": (in_one_executor, True),
    "`loop.run_in_executor`": (run_in_executor, True),
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


@pytest.mark.parametrize("run", cases(name for name, (_, is_default) in TABLE.items() if is_default))
def test_work_is_a_child_of_the_caller_by_default(run: Callable[[], None]) -> None:
    (child,) = names_below_the_caller(run)
    assert child in ("work", "awork")


@pytest.mark.parametrize("run", [run for run, is_default in TABLE.values() if not is_default])
def test_a_thread_starts_its_own_trace_by_default(run: Callable[[], None]) -> None:
    assert names_below_the_caller(run) == []


@pytest.mark.covers("Contexts", "worker that serves several callers in turn")
@pytest.mark.parametrize("opts_in", [False, True])
def test_a_pool_s_worker_gets_the_span_of_each_submission(opts_in: bool) -> None:
    if opts_in:
        propagate_context()
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


def test_scopes_beside_a_pool_reach_its_workers_by_default() -> None:
    assert run_scoped(ThreadPoolExecutor) == [("runs", "s-1")] * 2


@pytest.mark.parametrize("run", [in_executor, mapped, run_in_executor])
def test_propagation_that_is_switched_off_stays_off(run: Callable[[], None]) -> None:
    propagate_context(False)
    assert names_below_the_caller(run) == []


def test_configure_makes_the_work_of_pools_part_of_the_trace(tracing: LocalServer) -> None:
    with start_span("caller"):
        in_executor()
        asyncio.run(to_pools_of_a_loop())
    (read,) = search_traces()
    assert sorted((depth, span.name) for depth, span in read.walk()) == [(0, "caller"), (1, "work"), (1, "work")]


async def to_pools_of_a_loop() -> None:
    with ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, work)


def test_dropped_trace_drops_the_work_of_its_pools_too(kayba_server: LocalServer) -> None:
    configure(api_key="kb-test", base_url=kayba_server.url, sample_rate=0.0, keep_errors=False)
    with start_span("caller"):
        in_executor()
    assert search_traces() == []
    shutdown()


class Inspecting(ThreadPoolExecutor):
    """A pool of another library, which looks at the functions that it gets."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert fn is work
        return super().submit(fn, *args, **kwargs)


def test_pool_that_extends_submit_gets_the_user_s_function() -> None:
    with capture_traces() as traces, start_span("caller"), Inspecting(1) as pool:
        assert pool.submit(work).result() == "done"
    assert [span.name for span in traces[0].data.spans] == ["caller", "work"]


def test_pool_of_subinterpreters_gets_functions_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    class InterpreterPoolExecutor(ThreadPoolExecutor):
        """Stands for the class of Python 3.14, whose interpreters cannot import this package's dependencies."""

    module = types.ModuleType("concurrent.futures.interpreter")
    monkeypatch.setattr(module, "InterpreterPoolExecutor", InterpreterPoolExecutor, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def run() -> None:
        with InterpreterPoolExecutor(1) as pool:
            pool.submit(work).result()

    assert names_below_the_caller(run) == []


def test_values_of_other_context_variables_stay_the_worker_s_own() -> None:
    variable = ContextVar("variable", default="unset")
    with ThreadPoolExecutor(1, initializer=lambda: variable.set("worker's")) as pool, capture_traces():
        variable.set("caller's")
        with start_span("caller"):
            assert pool.submit(variable.get).result() == "worker's"
            assert pool.submit(variable.set, "changed").result()
        assert pool.submit(variable.get).result() == "changed"


def test_idle_pool_keeps_no_span_of_its_work() -> None:
    with ThreadPoolExecutor(1) as pool, capture_traces():
        with start_span("caller"):
            pool.submit(work).result()
        pool.submit(int).result()
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, LiveSpan) and each.name == "caller"] == []


def test_error_of_pool_work_is_the_original_one() -> None:
    error = KeyError("x")

    def fail() -> None:
        raise error

    with ThreadPoolExecutor(1) as pool, capture_traces(), start_span("caller"):
        assert pool.submit(fail).exception() is error
        assert isinstance(pool.submit(work, 1).exception(), TypeError)
        assert isinstance(pool.submit(5).exception(), TypeError)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    "import_",
    [
        "from concurrent.futures import ThreadPoolExecutor",
        "from concurrent.futures.thread import *",
        "propagate_context(); from concurrent.futures import ThreadPoolExecutor",
    ],
)
def test_pools_that_are_imported_after_configure_propagate(import_: str) -> None:
    program = f"""
import sys
sys.modules["gevent"] = None  # for gevent, configure imports the pools
from ace_tracing import configure, propagate_context, start_span, trace
from ace_tracing.testing import capture_traces
configure(api_key="kb-test", base_url="http://127.0.0.1:9", spool=False)
hooks = list(sys.meta_path)
assert "concurrent.futures.thread" not in sys.modules
{import_}
import concurrent.futures.thread
assert len(sys.meta_path) == len(hooks) - 1, sys.meta_path
assert "exec_module" not in vars(concurrent.futures.thread.__loader__)
with capture_traces() as traces:
    with start_span("caller"), ThreadPoolExecutor(1) as pool:
        pool.submit(trace(lambda: None)).result()
print([span.name for span in traces[0].data.spans])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "['caller', '<lambda>']\n", done.stderr
