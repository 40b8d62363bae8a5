"""One background thread sends finished traces in batches, retries, counts, and delivers at exit."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from tests.helpers.faulty_server import FakeResponse, faulty_server
from tests.helpers.programs import read_traces, wait_for

import ace_tracing
from ace_tracing import Delivery, search_traces, start_span
from kayba_local import LocalServer, serve


@pytest.fixture(autouse=True)
def _shut_down() -> Iterator[None]:
    yield
    ace_tracing.shutdown(timeout=0.1)


def make_traces(count: int, prefix: str = "n") -> None:
    for number in range(count):
        with start_span(f"{prefix}{number}"):
            pass


def test_many_traces_share_a_request() -> None:
    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        make_traces(200)
        assert ace_tracing.flush() == Delivery(delivered=200)
        batches = server.exported()
        assert sum(len(spans) for spans in batches) == 200
        assert len(batches) < 20
        (headers,) = {tuple(sorted(headers.items())) for _, _, headers, _ in server.requests[:1]}
        sent = {name.lower(): value for name, value in headers}
        assert sent["authorization"] == "Bearer kb-test"
        assert sent["content-encoding"] == "gzip"
        assert sent["content-type"] == "application/x-protobuf"
        assert sent["x-mlflow-experiment-id"] == "0"


def test_traces_are_sent_without_a_flush(tracing: LocalServer) -> None:
    make_traces(1, "alone")
    wait_for(lambda: has_trace(tracing, "alone0"))


def has_trace(server: LocalServer, name: str) -> bool:
    """Return whether the server has a trace, without `search_traces`, which would flush."""
    import httpx

    answer = httpx.post(
        f"{server.url}/api/mlflow/api/3.0/mlflow/traces/search",
        json={"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]},
        headers={"Authorization": f"Bearer {server.api_key or 'kb-test'}"},
    )
    return name in answer.text


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_temporary_failure_is_retried(status: int) -> None:
    html = FakeResponse(status, b"<html>try later</html>", {"Content-Type": "text/html"})
    with faulty_server(html, html, FakeResponse()) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        make_traces(3)
        assert ace_tracing.flush(timeout=120) == Delivery(delivered=3)
        assert len(server.exported()) == 3


def test_retry_after_is_honoured() -> None:
    with faulty_server(FakeResponse(429, b"", {"Retry-After": "1"}), FakeResponse()) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        make_traces(1)
        start = time.monotonic()
        assert ace_tracing.flush(timeout=120).delivered == 1
        assert time.monotonic() - start >= 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_rejection_is_counted_and_logged_once(status: int, caplog: pytest.LogCaptureFixture) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    with faulty_server(FakeResponse(status, b'{"error_code": "NO", "message": "not like this"}')) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with caplog.at_level(logging.WARNING, logger="ace_tracing"):
            for _ in range(2):
                make_traces(2)
                delivery = ace_tracing.flush(timeout=120)
        assert delivery == Delivery(dropped=4)
        assert not delivery
        (record,) = caplog.records
        assert str(status) in record.getMessage()


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_blocked_export_keeps_traces_and_warns_once(
    status: int, tracing: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    with faulty_server(FakeResponse(status, b"not here, or not like this")) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with caplog.at_level(logging.WARNING, logger="ace_tracing"):
            for _ in range(2):
                make_traces(2)
                delivery = ace_tracing.flush(timeout=120)
        assert delivery == Delivery(pending=4)
        (warning,) = [message for message in caplog.messages if message.startswith("Export paused")]
        assert str(status) in warning
        status_now = ace_tracing.tracing_status()
        assert status_now.state == "paused"
        assert str(status) in str(status_now.last_error)
        server.responses[:] = [FakeResponse()]
        assert ace_tracing.flush(timeout=120) == Delivery(delivered=4)
    assert ace_tracing.tracing_status().state == "idle"


def test_server_that_starts_late_gets_all_traces() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ace_tracing.configure(api_key="kb-test", base_url=f"http://127.0.0.1:{port}")
    make_traces(5)
    assert ace_tracing.flush(timeout=0.3) == Delivery(pending=5)
    with serve(port=port):
        assert ace_tracing.flush(timeout=120) == Delivery(delivered=5)


def test_flush_and_shutdown_return_in_time_from_a_hung_server() -> None:
    with faulty_server(hang=True) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        make_traces(4)
        start = time.monotonic()
        assert ace_tracing.flush(timeout=0.2) == Delivery(pending=4)
        assert ace_tracing.shutdown(timeout=0.2) == Delivery(pending=4)
        # Less than the 10 s of a request, for which neither may wait.
        assert time.monotonic() - start < 8


def test_nothing_is_recorded_between_shutdown_and_configure(tracing: LocalServer) -> None:
    make_traces(1, "before")
    assert ace_tracing.shutdown() == Delivery(delivered=1)
    make_traces(1, "between")
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url)
    make_traces(1, "after")
    assert sorted(str(trace.info.name) for trace in search_traces()) == ["after0", "before0"]


SCRIPT = """
import sys
from ace_tracing import configure, start_span
configure(api_key="kb-test", base_url=sys.argv[1])
with start_span("outer"):
    with start_span("inner"):
        pass
{end}
"""


# An interrupted process ends by the signal. Python exits with 1 instead if code that runs at its end evaluates source
# text, as some of the modules do that the first delivery imports.
INTERRUPTED = (1, -signal.SIGINT if os.name == "posix" else 0xC000013A)

# ending: (the last lines of the program, the allowed exit codes)
ENDS = {
    "end of the program": ("", (0,)),
    "`sys.exit`": ("sys.exit(3)", (3,)),
    "uncaught exception": ("raise RuntimeError('uncaught')", (1,)),
    "uncaught `KeyboardInterrupt`": ("raise KeyboardInterrupt", INTERRUPTED),
    "thread still running": (
        "import threading; threading.Thread(target=lambda: start_span('x').__enter__()).start()",
        (0,),
    ),
    "span in `atexit`": ("import atexit\n@atexit.register\ndef late():\n    with start_span('at exit'): pass", (0,)),
}


@pytest.mark.parametrize(
    ("end", "codes"),
    [
        pytest.param(*case, id=name.replace("`", ""), marks=pytest.mark.covers("Endings", f"Process: {name}"))
        for name, case in ENDS.items()
    ],
)
def test_traces_are_sent_when_the_process_ends(tracing: LocalServer, end: str, codes: tuple[int, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end), tracing.url], capture_output=True, text=True, timeout=60
    )
    assert done.returncode in codes, done.stderr
    late = {name for word, name in {"atexit": "at exit", "threading": "x"}.items() if word in end}
    traces = {trace.info.name: len(trace.data.spans) for trace in read_traces(1 + len(late))}
    assert traces.pop("outer") == 2
    assert set(traces) == late


@pytest.mark.covers("Contexts", "`os.fork`")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child_sends_its_own_traces_only(tracing: LocalServer) -> None:
    make_traces(3, "parent")
    child = os.fork()
    if not child:
        make_traces(2, "child")
        os._exit(0 if ace_tracing.flush(timeout=120) == Delivery(delivered=2) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    found = [str(trace.info.name) for trace in search_traces()]
    assert sorted(found) == ["child0", "child1", "parent0", "parent1", "parent2"]


def test_traces_of_eight_threads_all_arrive(tracing: LocalServer) -> None:
    threads = [threading.Thread(target=make_traces, args=(250, f"t{number}-")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ace_tracing.flush() == Delivery(delivered=2_000)
    assert len({trace.info.name for trace in search_traces(max_results=3_000)}) == 2_000
