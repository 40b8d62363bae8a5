"""Tracing in finalizers, log handlers, greenlets and prefork servers, and at the end of a process."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.programs import unexpected_lines, wait_until_equal

import ace_tracing
from ace_tracing import diagnostics, inject, search_traces, start_span, trace
from kayba_local import LocalServer


def names() -> Counter[str]:
    return Counter(span.name for read in search_traces(max_results=1_000) for span in read.data.spans)


def run(program: str, server: LocalServer, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, server.url, *arguments], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    # A process on a busy machine may warn that its traces are still waiting.
    assert unexpected_lines(done.stderr) == [], done.stderr
    return done.stdout


class TracedEnd:
    """An object in a reference cycle, which the garbage collector finalizes at an arbitrary point."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        with start_span("finalized"):
            inject({})


@pytest.mark.covers("Contexts", "finalizer, run by the garbage collector")
def test_finalizers_that_trace_inside_the_sdk_are_recorded(tracing: LocalServer) -> None:
    threshold = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(100):
            TracedEnd()
            with start_span("step") as span:
                span.set_outputs([{"some": ["value"]}])
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    found = names()
    assert found["step"] == 100
    # Finalizers that run in the worker's thread while it sends are not recorded.
    assert 0 < found["finalized"] <= 100


class TracedHandler(logging.Handler):
    """A log handler that records a span and waits for delivery."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.name)
        with start_span("logged"):
            ace_tracing.flush(timeout=0.2)


@pytest.fixture
def traced_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[TracedHandler]:
    monkeypatch.setattr(diagnostics, "_last_warned", {})
    handler = TracedHandler()
    loggers = [logging.getLogger(name) for name in ("ace_tracing", "httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    yield handler
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
        logger.removeHandler(handler)


@pytest.mark.covers("Contexts", "log handler")
def test_a_log_handler_that_traces_gets_no_record_of_a_request(traced_log: TracedHandler) -> None:
    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        try:
            with start_span("step"):
                pass
            assert ace_tracing.flush()
            exported = [span["name"] for spans in server.exported() for span in spans]
            assert exported == ["step"]
            assert traced_log.seen == []
        finally:
            assert ace_tracing.shutdown()


@pytest.mark.covers("Contexts", "log handler")
def test_a_log_handler_that_traces_warnings_does_not_recurse(traced_log: TracedHandler) -> None:
    with faulty_server(FakeResponse(400)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        try:
            with start_span("step"):
                pass
            assert ace_tracing.flush(timeout=120).dropped
            # The trace that the warning caused is rejected too, and causes no second warning.
            assert ace_tracing.flush(timeout=120).dropped == 2
            assert traced_log.seen.count("ace_tracing") == 1
        finally:
            ace_tracing.shutdown()


@pytest.mark.covers("Endings", "Event loop closed half-way")
@pytest.mark.covers("Endings", "Task cancelled")
def test_a_closed_event_loop_loses_no_other_trace(tracing: LocalServer) -> None:
    @trace
    async def never_done() -> None:
        await asyncio.Event().wait()

    loop = asyncio.new_event_loop()
    task = loop.create_task(never_done())
    loop.call_soon(loop.stop)
    loop.run_forever()
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    with start_span("after"):
        pass
    assert names() == {"never_done": 1, "after": 1}


AT_EXIT = """
import atexit, sys
from ace_tracing import configure, start_span

def late():
    with start_span("at exit"):
        pass

atexit.register(late)
configure(api_key="kb-test", base_url=sys.argv[1])

class Kept:
    def __del__(self):
        with start_span("too late"):
            pass

kept = Kept()
with start_span("outer"):
    pass
"""


@pytest.mark.covers("Endings", "Process: finalizer after `atexit`")
def test_spans_at_process_exit_do_not_raise(tracing: LocalServer) -> None:
    run(AT_EXIT, tracing)
    wait_until_equal(names, {"outer": 1, "at exit": 1})


GEVENT = """
import sys
if sys.argv[2] == "before":
    from gevent import monkey; monkey.patch_all()
from ace_tracing import configure, flush, propagate_context, start_span, trace
if sys.argv[2] == "after":
    from gevent import monkey; monkey.patch_all()
import gevent, threading
from gevent.pool import Pool

@trace
def work(name):
    with start_span(f"inner {name}"):
        gevent.sleep(0)

configure(api_key="kb-test", base_url=sys.argv[1])
propagate_context()
with start_span("root"):
    gevent.joinall([gevent.spawn(work, "spawned") for _ in range(2)])
    list(Pool(2).imap(work, ["pooled"]))
    thread = threading.Thread(target=work, args=("thread",))
    thread.start()
    thread.join()
assert flush(30)
"""


HUB = """
import sys, gevent
from gevent import monkey
from ace_tracing import configure, flush, start_span
configure(api_key="kb-test", base_url=sys.argv[1], spool=False)
monkey.patch_all()

def traced():
    with start_span("x"):
        pass

# The first trace ends in a thread of gevent's pool, whose event loop does not run.
gevent.get_hub().threadpool.apply(traced)
turns = 0
def turn():
    global turns
    while True:
        turns += 1
        gevent.sleep(0)
gevent.spawn(turn)
assert flush(0.5).pending == 1
assert turns > 1
"""


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_flush_in_a_greenlet_lets_the_others_run() -> None:
    with faulty_server(hang=True) as server:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", HUB, server.url], capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr
        server.release()


@pytest.mark.covers("Contexts", "gevent")
@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
@pytest.mark.parametrize("patched", ["before", "after"])
def test_greenlets_are_children_of_the_span_that_spawned_them(tracing: LocalServer, patched: str) -> None:
    run(GEVENT, tracing, patched)
    (read,) = search_traces()
    assert sorted(child.span.name for child in read.tree[0].children) == ["work"] * 4
    inner = [node.span.name for child in read.tree[0].children for node in child.children]
    assert sorted(inner) == ["inner pooled", "inner spawned", "inner spawned", "inner thread"]


PREFORK = """
import os
from ace_tracing import TraceWSGI, configure, start_span

configure(api_key="kb-test", base_url=os.environ["SERVER"])
with start_span("loaded"):
    pass

def application(environ, start_response):
    with start_span("step") as span:
        span.set_attribute("pid", os.getpid())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

application = TraceWSGI(application)
"""


@pytest.mark.covers("Contexts", "gunicorn, preloaded")
@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_prefork_workers_deliver_and_the_master_s_traces_arrive_once(tracing: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(PREFORK)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--preload",
            "--workers",
            "2",
            "--bind",
            f"fd://{listening.fileno()}",
        ]
        server = subprocess.Popen(
            [*command, "--no-control-socket", "service:application"],
            cwd=tmp_path,
            env={**os.environ, "SERVER": tracing.url},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(20):
                assert httpx.get(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=60).text == "hello"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(120)
    # A worker on a busy machine may leave its last traces to this process.
    wait_until_equal(names, {"loaded": 1, "GET /": 20, "step": 20})
