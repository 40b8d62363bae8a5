"""Propagation with the bridge on: OpenTelemetry's context travels beside the current span."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest
from opentelemetry import baggage, context
from opentelemetry import trace as api

from ace_tracing import TraceASGI, continue_trace, get_current_span, inject, propagate_context, start_span, with_context
from ace_tracing.otel.tracer import Tracer
from ace_tracing.propagation.executors import propagation
from ace_tracing.testing import CapturedTraces
from kayba_local import LocalServer

RECEIVED: Final = {
    "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
    "baggage": "tenant=a%20b,session.id=s1,plain=1;property=2",
}

PROGRAM: Final = """
import json, multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from opentelemetry import baggage, context
import ace_tracing
from ace_tracing.otel import tracer_provider

def work(path=None):
    with tracer_provider().get_tracer("library").start_as_current_span("in the child"):
        found = baggage.get_baggage("tenant")
    if path is None:
        return found
    open(path, "w").write(str(found))

if __name__ == "__main__":
    ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1])
    ace_tracing.propagate_context()
    with tracer_provider().get_tracer("library").start_as_current_span("root"):
        context.attach(baggage.set_baggage("tenant", "a"))
        {body}
    ace_tracing.shutdown(20)
    print(found)
"""

BODIES: Final = {
    "spawn": """child = multiprocessing.get_context("spawn").Process(target=work, args=(sys.argv[2],))
        child.start(); child.join(); found = open(sys.argv[2]).read()""",
    "spawned pool": """with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found = pool.submit(work).result()""",
    "fork": """child = os.fork()
        if not child:
            work(sys.argv[2]); ace_tracing.flush(20); os._exit(0)
        os.waitpid(child, 0); found = open(sys.argv[2]).read()""",
}


@pytest.fixture
def baggage_set(tracer: Tracer) -> Iterator[None]:
    """Set a member of the baggage around the test."""
    token = context.attach(baggage.set_baggage("tenant", "a"))
    yield
    context.detach(token)


def seen() -> tuple[object, str]:
    """Return the baggage and the current span as work in a thread sees them."""
    assert api.format_span_id(api.get_current_span().get_span_context().span_id) == get_current_span().span_id
    return baggage.get_baggage("tenant"), get_current_span().name


@pytest.mark.usefixtures("baggage_set")
def test_a_thread_pool_gets_both(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with ThreadPoolExecutor(1) as pool:
        with tracer.start_as_current_span("first"):
            assert pool.submit(seen).result() == ("a", "first")
        assert pool.submit(lambda: baggage.get_baggage("tenant")).result() == "a"


@pytest.mark.usefixtures("baggage_set")
def test_an_executor_with_context_gets_both(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    propagate_context(False)
    try:
        with with_context(ThreadPoolExecutor(1)) as pool, start_span("first"):
            assert pool.submit(seen).result() == ("a", "first")
    finally:
        propagation.mode = "pools"


@pytest.mark.usefixtures("baggage_set")
def test_a_thread_gets_both(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    found: list[object] = []
    propagate_context()
    try:
        with tracer.start_as_current_span("first"):
            thread = Thread(target=lambda: found.append(seen()))
            thread.start()
            thread.join()
    finally:
        propagate_context(False)
        propagation.mode = "pools"
    assert found == [("a", "first")]


@pytest.mark.parametrize("body", BODIES)
def test_a_process_gets_both(body: str, tracing: LocalServer, tmp_path: Path, wait_until: Callable[..., None]) -> None:
    if body == "fork" and not hasattr(os, "fork"):
        pytest.skip("the platform has no fork")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("{body}", BODIES[body]))
    command = [sys.executable, str(program), tracing.url, str(tmp_path / "found")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "a\n"), done.stderr

    def is_complete() -> bool:
        from ace_tracing import search_traces

        traces = search_traces()
        return [sorted(span.name for span in each.data.spans) for each in traces] == [["in the child", "root"]]

    wait_until(is_complete)


@pytest.mark.usefixtures("baggage_set")
def test_inject_sends_the_baggage_of_both(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with start_span("client") as span:
        headers = inject({"baggage": "given=1"})
    members = dict(member.split("=", 1) for member in headers["baggage"].split(","))
    assert members.items() >= {"given": "1", "tenant": "a"}.items()
    assert members["kayba.trace"] == f"{str(span.trace_id)[3:]}-01"


def test_received_baggage_is_opentelemetrys_and_sent_on(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    with continue_trace(RECEIVED):
        assert api.get_current_span().get_span_context().span_id == int("cd" * 8, 16)
        with tracer.start_as_current_span("request"):
            assert baggage.get_all().items() >= {"tenant": "a b", "session.id": "s1", "plain": "1"}.items()
            token = context.attach(baggage.set_baggage("tenant", "b"))
            sent = inject({})["baggage"].split(",")
            context.detach(token)
    assert {"tenant=b", "plain=1"} <= {member.partition(";")[0] for member in sent}
    assert "tenant=a%20b" not in sent
    assert captured_traces[0].data.spans[0].parent_id == "cd" * 8


def test_a_served_request_has_the_callers_baggage(tracer: Tracer, captured_traces: CapturedTraces) -> None:
    found: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(dict(baggage.get_all()))
        with tracer.start_as_current_span("inner"):
            pass

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        pass

    headers = [(name.encode(), text.encode()) for name, text in RECEIVED.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(TraceASGI(app)(scope, receive, send))  # type: ignore[arg-type]
    assert found[0].items() >= {"tenant": "a b", "session.id": "s1"}.items(), json.dumps(found)
    assert [span.name for span in captured_traces[0].data.spans] == ["GET /", "inner"]
