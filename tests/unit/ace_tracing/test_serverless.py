"""`flush_after`: the traces of a call have arrived when the handler has returned."""

from __future__ import annotations

import asyncio
import functools
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import trio
from tests.helpers.faulty_server import faulty_server

import ace_tracing
from ace_tracing import ConfigurationError, flush_after, start_span, trace, tracing_status
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

Handler = Callable[[Any, Any], Any]


class LambdaContext:
    """The context of a call of AWS Lambda."""

    def __init__(self, left_ms: float = 3_000) -> None:
        self.left_ms = left_ms
        self.function_name = "agent"

    def get_remaining_time_in_millis(self) -> float:
        return self.left_ms


def handle(event: str, context: Any = None) -> str:
    """Answer an event."""
    with start_span("step"):
        if event == "bad":
            raise ValueError("no")
        return f"answer to {event}"


async def ahandle(event: str, context: Any = None) -> str:
    await asyncio.sleep(0)
    return handle(event)


def run(handler: Callable[..., Any], *args: Any) -> Any:
    result = handler(*args)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


DECORATIONS: dict[str, Callable[[Any], Any]] = {
    "outside": lambda handler: flush_after(trace(handler)),
    "inside": lambda handler: trace(flush_after(handler)),
    "with arguments": lambda handler: trace(name="handle")(flush_after(timeout=20)(handler)),
    "twice": lambda handler: flush_after(trace(flush_after(handler))),
}


@pytest.mark.parametrize("decorate", DECORATIONS.values(), ids=DECORATIONS)
@pytest.mark.parametrize("handler", [handle, ahandle], ids=["function", "coroutine"])
def test_a_trace_has_arrived_when_the_handler_returns(
    tracing: LocalServer, decorate: Callable[[Any], Any], handler: Any
) -> None:
    handler = decorate(handler)
    assert run(handler, "one", LambdaContext(60_000)) == "answer to one"
    status = tracing_status()
    assert (status.delivered, status.pending) == (1, 0)
    with pytest.raises(ValueError, match="no"):
        run(handler, "bad")
    status = tracing_status()
    assert (status.delivered, status.pending) == (2, 0)
    names = {span.name for read in ace_tracing.search_traces() for span in read.data.spans if span.parent_id is None}
    assert names <= {"handle", "ahandle"}


def test_a_decorator_between_both_stays() -> None:
    calls: list[str] = []

    def counted(function: Any) -> Any:
        @functools.wraps(function)
        def count(*args: Any) -> Any:
            calls.append("counted")
            return function(*args)

        return count

    with capture_traces() as traces:
        assert trace(counted(flush_after(handle)))("one") == "answer to one"
        (read,) = traces
    assert calls == ["counted"]
    assert [span.name for _, span in read.walk()] == ["handle", "step"]


def test_the_handler_keeps_its_name_and_signature() -> None:
    for handler in (flush_after(handle), flush_after(timeout=1)(ahandle), trace(flush_after(handle))):
        assert handler.__name__ in ("handle", "ahandle")
        assert str(inspect.signature(handler)) == str(inspect.signature(handle))
    assert inspect.iscoroutinefunction(flush_after(ahandle))
    assert inspect.iscoroutinefunction(trace(flush_after(ahandle)))


def test_without_configuration_the_handler_only_runs() -> None:
    assert flush_after(handle)("one", LambdaContext(-5)) == "answer to one"
    assert asyncio.run(flush_after(ahandle)("one")) == "answer to one"


@pytest.mark.parametrize(
    ("timeout", "context"),
    [(0.05, None), (0.05, LambdaContext()), (60, LambdaContext(300)), (60, LambdaContext(0)), (0, None)],
    ids=["timeout", "timeout before the call's end", "call's end", "call has ended", "no wait"],
)
def test_a_hanging_server_holds_no_response_for_longer(timeout: float, context: Any) -> None:
    with faulty_server(hang=True) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        try:
            handler = flush_after(timeout=timeout)(trace(handle))
            assert handler("one", context) == "answer to one"
            assert tracing_status().pending == 1
            with pytest.raises(ValueError, match="no"):
                handler("bad", context)
            assert asyncio.run(flush_after(timeout=timeout)(ahandle)("two", context)) == "answer to two"
        finally:
            server.release()
            ace_tracing.shutdown()


def test_other_tasks_run_during_the_delivery() -> None:
    with faulty_server(hang=True) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)

        async def release() -> None:
            while not server.requests:
                await asyncio.sleep(0.01)
            server.release()

        async def main() -> str:
            other = asyncio.create_task(release())
            answer = await flush_after(timeout=60)(trace(ahandle))("one")
            assert other.done()
            return answer

        try:
            assert asyncio.run(main()) == "answer to one"
            assert tracing_status().pending == 0
        finally:
            server.release()
            ace_tracing.shutdown()


def test_a_coroutine_that_is_closed_ends_silently(tracing: LocalServer) -> None:
    coroutine: Any = flush_after(trace(ahandle))("one")
    coroutine.send(None)
    coroutine.close()
    assert asyncio.run(flush_after(ahandle)("two")) == "answer to two"


def test_a_coroutine_of_trio_delivers(tracing: LocalServer) -> None:
    @flush_after(timeout=60)
    @trace
    async def handler() -> str:
        await trio.sleep(0)
        return "answer"

    assert trio.run(handler) == "answer"
    assert tracing_status().pending == 0


def test_a_context_that_fails_does_not_reach_the_handler(tracing: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(LambdaContext):
        def get_remaining_time_in_millis(self) -> float:
            raise OSError("no runtime")

    monkeypatch.setattr("ace_tracing.diagnostics.loud", False)
    assert flush_after(timeout=60)(trace(handle))("one", Broken()) == "answer to one"
    assert tracing_status().pending == 0


def items() -> Iterator[int]:
    yield 1


async def aitems() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("handler", [items, aitems, LambdaContext, 5])
def test_other_objects_are_refused(handler: Any) -> None:
    with pytest.raises(TypeError, match="@flush_after"):
        flush_after(handler)
    with pytest.raises(ConfigurationError, match=r"flush_after\(timeout='soon'\)"):
        flush_after(timeout="soon")  # type: ignore[call-overload]


COLD = """
import os, signal, sys
from ace.tracing import configure, flush_after, start_span, trace

configure(api_key="kb-test", base_url=sys.argv[1], spool=False)

@flush_after(timeout=60)
@trace
def handler(event, context):
    return event

handler({"cold": True}, None)
# The platform freezes the process for good.
os._exit(0)
"""


def test_the_first_call_of_a_process_delivers(tracing: LocalServer) -> None:
    done = subprocess.run([sys.executable, "-c", COLD, tracing.url], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (read,) = ace_tracing.search_traces()
    assert read.root is not None
    assert read.root.inputs == {"event": {"cold": True}, "context": None}
