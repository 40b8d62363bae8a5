"""Callers: whose sampling decision and experiment count for a trace that another process has started."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.programs import unexpected_lines

import ace_tracing
from ace_tracing import (
    NotFoundError,
    TraceASGI,
    TraceWSGI,
    continue_trace,
    diagnostics,
    folder,
    inject,
    inject_into,
    search_traces,
    session,
    start_span,
)
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

SPAN_ID = "b7ad6b7169203331"
MODES = ("auto", "follow", "own", "ignore")

Serve = Callable[[dict[str, str], str], None]


def configure(server: LocalServer, experiment: str | None = None, **arguments: Any) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=server.url, experiment=experiment, **arguments)


def spans_in(experiment: str) -> list[str]:
    """Return the names of the spans in an experiment; an empty list if there is none of this name."""
    try:
        return sorted(span.name for found in search_traces([experiment]) for span in found.data.spans)
    except NotFoundError:
        return []


def foreign_headers(number: int, flag: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{number:032x}-{SPAN_ID}-{flag}"}


def our_headers(number: int, flag: str = "01", experiment: str = "") -> dict[str, str]:
    marker = f"kayba.trace={number:032x}-{flag},kayba.experiment={experiment}"
    return foreign_headers(number, flag) | {"baggage": marker}


# Which experiment: the root decides.

NAMES = [None, "gateway", " padded ", "a b, c;d=e%41", "käse 🧀", "Default", "x" * 500, "実験" * 250]


@pytest.mark.parametrize("experiment", NAMES, ids=lambda name: str(name)[:20])
def test_a_trace_is_filed_in_the_experiment_of_its_root(tracing: LocalServer, experiment: str | None) -> None:
    configure(tracing, experiment)
    with start_span("root"):
        headers = inject({})
        configure(tracing, "web")
        with continue_trace(headers), start_span("served"):
            pass
        # The service sends first.
        assert ace_tracing.flush()
    assert spans_in(experiment or "Default") == ["root", "served"]
    assert spans_in("web") == []


def test_the_experiment_is_sent_through_services_between(tracing: LocalServer) -> None:
    configure(tracing, "gateway")
    with start_span("root"):
        headers = inject({})
        for name in ("first", "second", "third"):
            configure(tracing, name)
            with continue_trace(headers):
                # Once without a span, and once with one.
                headers = inject({})
                with continue_trace(headers), start_span(name):
                    headers = inject({"baggage": "other=1"})
    assert spans_in("gateway") == ["first", "root", "second", "third"]


def test_a_service_below_a_foreign_caller_decides_for_those_below_it(tracing: LocalServer) -> None:
    configure(tracing, "web")
    with continue_trace(foreign_headers(1)), start_span("served"):
        headers = inject({})
        configure(tracing, "worker")
        with continue_trace(headers), start_span("step"):
            pass
    assert spans_in("web") == ["served", "step"]
    assert spans_in("worker") == []


CHILD = """
import os, sys
from ace_tracing import configure, continue_trace, flush, start_span
configure(api_key="kb-test", base_url=sys.argv[1], experiment="child")
with continue_trace(os.environ), start_span("child"):
    pass
assert flush(60)
"""


def test_a_subprocess_follows_the_experiment_in_its_environment(tracing: LocalServer) -> None:
    configure(tracing, "gateway")
    with start_span("root"):
        variables = {name.upper(): value for name, value in inject({}).items()}
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, tracing.url], env=environment, capture_output=True, text=True
        )
    assert (done.returncode, unexpected_lines(done.stderr)) == (0, []), done.stderr
    assert (spans_in("gateway"), spans_in("child")) == (["child", "root"], [])


PROCESSES = """
import concurrent.futures, multiprocessing, sys
from ace_tracing import configure, flush, propagate_context, start_span, with_context

def configure_child():
    configure(api_key="kb-test", base_url=sys.argv[1], experiment="child")

def work():
    configure_child()
    with start_span("child"):
        pass
    assert flush(60)

if __name__ == "__main__":
    configure(api_key="kb-test", base_url=sys.argv[1], experiment="gateway")
    context = multiprocessing.get_context(sys.argv[2])
    if sys.argv[3] == "pool":
        with with_context(concurrent.futures.ProcessPoolExecutor(1, context, configure_child)) as pool:
            with start_span("root"):
                pool.submit(work).result()
    else:
        propagate_context()
        with start_span("root"):
            child = context.Process(target=work)
            child.start()
            child.join()
            assert child.exitcode == 0
    assert flush(60)
"""


@pytest.mark.parametrize("kind", ["process", "pool"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes_follow_the_experiment_of_the_root(
    tracing: LocalServer, tmp_path: Path, method: str, kind: str
) -> None:
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("the platform has no fork")
    (tmp_path / "program.py").write_text(PROCESSES)
    command = [sys.executable, "program.py", tracing.url, method, kind]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, unexpected_lines(done.stderr)) == (0, []), done.stderr
    assert (spans_in("gateway"), spans_in("child")) == (["child", "root"], [])


FORK = """
import os, sys
from ace_tracing import configure, continue_trace, flush, folder, session, start_span

configure(api_key="kb-test", base_url=sys.argv[1], experiment="web", sample_rate=float(sys.argv[2]))
with continue_trace({"traceparent": sys.argv[3]}), session("mine"):
    if not os.fork():
        configure(api_key="kb-test", base_url=sys.argv[1], experiment="child")
        with folder("filed"), start_span("child") as span:
            span.set_status("ERROR")
        os._exit(0 if flush(60) else 1)
    assert os.wait()[1] == 0
    with start_span("parent") as span:
        span.set_status("ERROR")
assert flush(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.parametrize("rate", ["1.0", "0.0"])
def test_a_fork_below_a_foreign_caller_delivers_the_spans_of_both_processes(tracing: LocalServer, rate: str) -> None:
    command = [sys.executable, "-c", FORK, tracing.url, rate, foreign_headers(1, "00")["traceparent"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, unexpected_lines(done.stderr)) == (0, []), done.stderr
    assert (spans_in("web"), spans_in("child")) == (["child", "parent"], [])


PREFORK = """
import os
from ace_tracing import TraceWSGI, configure, start_span
configure(api_key="kb-test", base_url=os.environ["SERVER"], experiment="web")

def application(environ, start_response):
    with start_span("step"):
        start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

application = TraceWSGI(application)
"""


@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")
def test_prefork_workers_follow_the_experiment_of_the_root(tracing: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(PREFORK)
    configure(tracing, "gateway")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--no-control-socket"]
        server = subprocess.Popen(
            [*command, "--bind", f"fd://{listening.fileno()}", "service:application"],
            cwd=tmp_path,
            env={**os.environ, "SERVER": tracing.url},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            with inject_into(httpx.Client(timeout=60)) as client, start_span("root"):
                for _ in range(10):
                    assert client.get(address).text == "hello"
        finally:
            server.terminate()
            server.wait(60)
    assert spans_in("gateway") == ["GET /"] * 10 + ["root"] + ["step"] * 10
    assert spans_in("web") == []


UNUSABLE = [
    "kayba.experiment=" + "x" * 501,
    "kayba.experiment=line%0Abreak",
    "kayba.experiment=%00",
    "kayba.experiment=%FF%FE",
    "kayba.experiment=%ED%A0%80",
    "kayba.experiment",
    "kayba.experiment=a b",
    "Kayba.Experiment=other",
    "",
]


@pytest.mark.parametrize("member", UNUSABLE, ids=lambda member: repr(member)[:30])
def test_an_unusable_experiment_leaves_a_request_in_the_service_s_own(tracing: LocalServer, member: str) -> None:
    configure(tracing, "web")
    received = foreign_headers(1) | {"baggage": f"kayba.trace={1:032x}-01,{member}"}
    with continue_trace(received), start_span("served"):
        pass
    assert spans_in("web") == ["served"]


NOT_OURS = {
    "no marker": "kayba.experiment=other",
    "marker of another trace": f"kayba.trace={2:032x}-01,kayba.experiment=other",
    "malformed marker": f"kayba.trace={1:032x},kayba.experiment=other",
    "unknown decision": f"kayba.trace={1:032x}-02,kayba.experiment=other",
    "upper case": f"kayba.trace={0xABC:032X}-01,kayba.experiment=other",
}


@pytest.mark.parametrize("baggage", NOT_OURS.values(), ids=NOT_OURS)
def test_an_experiment_without_a_valid_marker_does_not_count(tracing: LocalServer, baggage: str) -> None:
    configure(tracing, "web")
    with continue_trace(foreign_headers(1) | {"baggage": baggage}), start_span("served"):
        # A stale marker is not sent on.
        assert inject({})["baggage"] == f"kayba.trace={1:032x}-01,kayba.experiment=web"
    assert (spans_in("web"), spans_in("other")) == (["served"], [])


@pytest.mark.parametrize("mode", ["own", "ignore"])
def test_an_operator_can_refuse_the_experiments_of_callers(tracing: LocalServer, mode: str) -> None:
    configure(tracing, "web", remote_parent=mode)
    with continue_trace(our_headers(1, experiment="evil")), start_span("served"):
        pass
    assert (spans_in("web"), spans_in("evil")) == (["served"], [])


@given(st.text(max_size=600), st.sampled_from(["01", "00"]), st.sampled_from(MODES))
def test_arbitrary_markers_and_experiments_do_not_raise(text: str, flag: str, mode: Any) -> None:
    received = our_headers(1, flag, text) | {"tracestate": text}
    with capture_traces() as traces:
        ace_tracing.configure(api_key="kb-test", base_url="http://127.0.0.1:9", remote_parent=mode)
        with continue_trace(received), start_span("served"):
            sent = inject({})
    assert sent["baggage"].isascii()
    assert len(traces) == (flag == "01" or mode in ("own", "ignore"))


# Who decides whether it is recorded.


def serve_continued(headers: dict[str, str], name: str) -> None:
    with continue_trace(headers), start_span(name):
        pass


def serve_environment(headers: dict[str, str], name: str) -> None:
    serve_continued({"PATH": "/bin"} | {key.upper(): value for key, value in headers.items()}, name)


def serve_wsgi(headers: dict[str, str], name: str) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    environ = {f"HTTP_{key.upper()}": value for key, value in headers.items()} | {"PATH_INFO": f"/{name}"}
    setup_testing_defaults(environ)
    TraceWSGI(application)(environ, lambda *_: None)


def serve_asgi(headers: dict[str, str], name: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async def send(message: Any) -> None:
        pass

    pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": f"/{name}", "headers": pairs}
    asyncio.run(TraceASGI(application)(scope, None, send))  # type: ignore[arg-type]


ENTRIES: dict[str, Serve] = {
    "continue_trace": serve_continued,
    "environment": serve_environment,
    "TraceWSGI": serve_wsgi,
    "TraceASGI": serve_asgi,
}


def is_expected(mode: str, *, ours: bool, flag: str, rate: float) -> bool:
    """Return whether a request is recorded by the documented rules."""
    by_flag, by_rate = flag == "01", rate == 1.0
    if mode == "auto":
        return by_flag or (not ours and by_rate)
    return by_flag if mode == "follow" else by_rate


@pytest.mark.parametrize("serve", ENTRIES.values(), ids=ENTRIES)
def test_the_setting_says_who_decides_in_every_entry_point(tracing: LocalServer, serve: Serve) -> None:
    expected = {}
    for mode in MODES:
        for rate in (0.0, 1.0):
            configure(tracing, remote_parent=mode, sample_rate=rate, keep_errors=False)
            for make_headers in (foreign_headers, our_headers):
                for flag in ("00", "01"):
                    number = len(expected) + 1
                    name = f"{number}-{mode}"
                    serve(make_headers(number, flag), name)
                    expected[name] = is_expected(mode, ours=make_headers is our_headers, flag=flag, rate=rate)
    found = {span.name.rpartition("/")[2]: found.trace_id for found in search_traces() for span in found.data.spans}
    assert set(found) == {name for name, is_recorded in expected.items() if is_recorded}
    assert len(expected) == 32
    for name, trace_id in found.items():
        number, _, mode = name.partition("-")
        assert (trace_id == f"tr-{int(number):032x}") == (mode != "ignore")


@pytest.mark.parametrize("mode", MODES)
def test_the_decision_is_sent_to_the_next_service(tracing: LocalServer, mode: str) -> None:
    for rate, flag in ((0.0, "00"), (1.0, "01")):
        configure(tracing, remote_parent=mode, sample_rate=rate)
        with continue_trace(foreign_headers(1, "00")), start_span("served"):
            sent = inject({})
        assert sent["traceparent"][-2:] == (flag if mode != "follow" else "00")
        assert sent["baggage"].partition(",")[0][-2:] == sent["traceparent"][-2:]


def test_a_flag_that_a_proxy_changed_does_not_replace_the_root_s_decision(tracing: LocalServer) -> None:
    recorded = our_headers(1, "01") | foreign_headers(1, "00")
    not_recorded = our_headers(2, "00") | foreign_headers(2, "01")
    serve_continued(recorded, "recorded")
    serve_continued(not_recorded, "not recorded")
    assert spans_in("Default") == ["recorded"]


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    monkeypatch.setattr(diagnostics, "_last_warned", {})
    caplog.set_level(logging.WARNING, "ace_tracing")
    return lambda: [record.getMessage() for record in caplog.records if "traceparent" in record.getMessage()]


@pytest.mark.parametrize("serve", ENTRIES.values(), ids=ENTRIES)
def test_one_warning_reports_requests_that_are_not_recorded(
    tracing: LocalServer, warnings: Callable[[], list[str]], serve: Serve
) -> None:
    configure(tracing, remote_parent="follow")
    for number in range(1, 50):
        serve(foreign_headers(number, "00"), "served")
    (message,) = warnings()
    assert 'remote_parent="follow"' in message
    assert search_traces() == []


@pytest.mark.parametrize("mode", MODES)
def test_a_decision_of_this_sdk_is_no_warning(
    tracing: LocalServer, warnings: Callable[[], list[str]], mode: str
) -> None:
    configure(tracing, remote_parent=mode)
    serve_continued(our_headers(1, "00"), "served")
    serve_continued(our_headers(2, "01"), "served")
    serve_continued(foreign_headers(3, "01"), "served")
    assert warnings() == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["request 2", "step 2"]),
        ({"keep_errors": False}, []),
        (
            {"keep_errors": False, "keep_slower_than": 0.0},
            [f"{kind} {n}" for kind in ("request", "step") for n in range(3)],
        ),
    ],
    ids=["errors", "none", "slow"],
)
def test_a_failed_or_slow_request_outside_the_rate_is_kept(
    tracing: LocalServer, options: dict[str, Any], expected: list[str]
) -> None:
    configure(tracing, sample_rate=0.0, **options)
    with continue_trace(foreign_headers(1, "00")):
        for number in range(3):
            with start_span(f"request {number}") as span, start_span(f"step {number}"):
                if number == 2:
                    span.set_status("ERROR")
    assert ace_tracing.flush()
    assert spans_in("Default") == expected


def test_an_ignored_caller_gets_a_link_from_each_new_trace(tracing: LocalServer) -> None:
    configure(tracing, remote_parent="ignore")
    with session("outer"), continue_trace(our_headers(7) | {"tracestate": "a=1"}):
        assert inject({}) == {}
        with folder("inner"), start_span("first"), start_span("below"):
            assert "tracestate" not in inject({})
        with continue_trace({}), start_span("no caller"):
            pass
        with start_span("second"):
            pass
    found = {read.info.name: read for read in search_traces()}
    links = {name: [(link.trace_id, link.span_id) for link in read.data.spans[0].links] for name, read in found.items()}
    caller = [(f"tr-{7:032x}", SPAN_ID)]
    assert links == {"first": caller, "second": caller, "no caller": []}
    assert {(read.info.folder, read.info.trace_metadata["mlflow.trace.session"]) for read in found.values()} == {
        ("inner", "outer"),
        (None, "outer"),
    }
