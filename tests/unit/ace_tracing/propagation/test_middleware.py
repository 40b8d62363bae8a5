"""The options of `TraceASGI` and `TraceWSGI`: exclusions, types, sessions, users and previews."""

from __future__ import annotations

import functools
import os
import re
import signal
import socket
import subprocess
import sys
import wsgiref.util
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.helpers.case_names import name_case

import ace_tracing
from ace_tracing import Trace, TraceASGI, TraceWSGI, start_span
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

Get = Callable[..., list[Trace]]


async def answer(request: Any) -> PlainTextResponse:
    with start_span("step"):
        return PlainTextResponse("hello", status_code=int(request.query_params.get("status", "200")))


def wsgi_answer(environ: dict[str, Any], start_response: Any) -> Any:
    with start_span("step"):
        start_response(
            f"{wsgiref.util.request_uri(environ)[-3:] if 'status' in environ['QUERY_STRING'] else 200} OK", []
        )
    return [b"hello"]


def get_asgi(url: str, headers: dict[str, str] | None = None, **options: Any) -> list[Trace]:
    app = TraceASGI(Starlette(routes=[Route("/{path:path}", answer)]), **options)
    with capture_traces() as traces:
        TestClient(app).get(url, headers=headers)
    return list(traces)


def get_wsgi(url: str, headers: dict[str, str] | None = None, **options: Any) -> list[Trace]:
    parts = urlsplit(url)
    environ: dict[str, Any] = {"PATH_INFO": parts.path, "QUERY_STRING": parts.query}
    wsgiref.util.setup_testing_defaults(environ)
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in (headers or {}).items()}
    with capture_traces() as traces:
        TraceWSGI(wsgi_answer, **options)(environ, lambda *_: None)
    return list(traces)


@pytest.fixture(params=[get_asgi, get_wsgi], ids=["asgi", "wsgi"])
def get(request: pytest.FixtureRequest) -> Get:
    found: Get = request.param
    return found


def identity_of(read: Trace) -> tuple[str | None, str | None]:
    metadata = read.info.trace_metadata
    return metadata.get("mlflow.trace.session"), metadata.get("mlflow.trace.user")


def path_of(request: Any) -> str:
    return str(request["path"] if "path" in request else request["PATH_INFO"])


EXCLUSIONS: list[tuple[Any, str, bool]] = [
    ("/health", "/health", True),
    ("/health", "/health/", True),
    ("/health", "/healthy", False),
    ("/health", "/health/deep", False),
    ("/", "/", True),
    ("/", "/health", False),
    ("/static/*", "/static/a/b.css", True),
    ("/static/*", "/static", False),
    ("*.css", "/a/b.css", True),
    ("/v?/health", "/v1/health", True),
    ("/[ab]", "/a", True),
    (["/health", "/metrics"], "/metrics", True),
    (("/health", re.compile("^/m")), "/metrics", True),
    ({"/health"}, "/other", False),
    (re.compile("heal"), "/health", True),
    (lambda request: path_of(request).endswith("z"), "/healthz", True),
    (lambda request: None, "/health", False),
    ((), "/health", False),
]


@pytest.mark.parametrize(("exclude", "path", "is_excluded"), EXCLUSIONS)
def test_excluded_requests_record_nothing(exclude: Any, path: str, is_excluded: bool, get: Get) -> None:
    assert len(get(path, exclude=exclude)) == (0 if is_excluded else 1)


def test_a_request_after_an_excluded_one_is_recorded() -> None:
    app = TraceASGI(Starlette(routes=[Route("/{path:path}", answer)]), exclude="/health")
    with capture_traces() as traces, TestClient(app) as client:
        for path in ("/health", "/a", "/health", "/b"):
            client.get(path)
        with start_span("after"):
            pass
    assert [read.info.name for read in traces] == ["GET /a", "GET /b", "after"]
    assert [span.name for span in traces[0].data.spans] == ["GET /a", "step"]


def test_previews_are_method_path_query_and_status(get: Get) -> None:
    (read,) = get("/ask?q=gzip&tag=a&tag=b&empty=&status=404", span_type="AGENT")
    assert read.root is not None
    assert read.root.span_type == "AGENT"
    query = {"q": "gzip", "tag": ["a", "b"], "empty": "", "status": "404"}
    assert read.root.inputs == {"method": "GET", "path": "/ask", "query": query}
    assert read.root.outputs == {"status": 404}
    assert "/ask" in (read.info.request_preview or "")
    assert "404" in (read.info.response_preview or "")


@pytest.mark.parametrize(
    "name",
    ["key", "api_key", "X-Api-Key", "token", "access_token", "password", "sig", "code", "X-Amz-Signature", "Auth"],
)
def test_parameters_that_look_like_secrets_are_left_out(name: str, get: Get) -> None:
    (read,) = get(f"/ask?{name}=5ecre7&q=keyword&monkeys=5")
    assert "5ecre7" not in read.to_json()
    assert read.root is not None
    assert read.root.inputs["query"] == {"q": "keyword", "monkeys": "5"}


@pytest.mark.parametrize("query", ["", "&&", "%", "=", "a=%ff", "&".join(f"a{n}=1" for n in range(500)), "\xe4=1"])
def test_any_query_is_served_and_recorded(query: str, get: Get) -> None:
    assert len(get(f"/ask?{query}")) == 1


async def asynchronous(request: Any) -> str:
    return "s"


def raising(request: Any) -> str:
    raise RuntimeError("user code")


IDENTITIES: list[tuple[Any, str | None]] = [
    ("X-Session", "from-header"),
    ("x-session", "from-header"),
    ("X-Missing", None),
    (path_of, "/ask"),
    (lambda request: 7, "7"),
    (lambda request: None, None),
    (lambda request: "", None),
    (lambda request: "x" * 1_000, "x" * 250),
    (lambda request: ["a"], None),
    (raising, None),
    (None, None),
]


@pytest.mark.parametrize(("identity", "expected"), IDENTITIES)
def test_session_and_user_of_a_request(
    identity: Any, expected: str | None, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    (read,) = get("/ask", {"X-Session": "from-header"}, session=identity, user=identity)
    assert identity_of(read) == (expected, expected)
    assert read.root is not None
    assert read.root.status.status_code == "OK"


def test_a_raising_function_is_logged_once(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    ace_tracing.diagnostics._last_warned.clear()
    for _ in range(3):
        assert len(get("/ask", exclude=raising, session=raising)) == 1
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"exclude": 5}, {"exclude": [5]}, {"exclude": asynchronous}, {"exclude": [None]}, {"exclude": b"/health"},
        {"session": 5}, {"session": ["X-Session"]}, {"session": asynchronous}, {"user": b"X-User"},
        {"user": functools.partial(asynchronous)}, {"span_type": 5}, {"span_type": None},
    ],
    ids=name_case,
)  # fmt: skip
@pytest.mark.parametrize("middleware", [TraceASGI, TraceWSGI])
def test_a_wrong_option_raises_when_the_application_is_wrapped(middleware: Any, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="give "):
        middleware(wsgi_answer, **options)


@pytest.mark.parametrize("middleware", [TraceASGI, TraceWSGI])
@pytest.mark.parametrize("app", [None, 5, "app"])
def test_an_application_that_cannot_be_called_raises(middleware: Any, app: Any) -> None:
    with pytest.raises(TypeError, match="give the"):
        middleware(app)


SERVICE = """
import asyncio, socket, sys, uvicorn
from ace_tracing import TraceASGI, configure, start_span

async def app(scope, receive, send):
    with start_span("slow"):
        print("serving", flush=True)
        if scope["path"] == "/cancelled":
            while (await receive())["type"] != "http.disconnect":
                pass
            print("disconnected", flush=True)
            raise asyncio.CancelledError
        await asyncio.sleep(600)

configure(api_key="kb-test", base_url=sys.argv[1])
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
traced = TraceASGI(app, session="X-Session", user=lambda scope: "u-1", span_type="AGENT")
uvicorn.Server(uvicorn.Config(traced, log_level="critical", lifespan="off")).run(sockets=[listening])
"""


def interrupt_request(server: LocalServer, path: str) -> None:
    """Send a request to a service in another process, and interrupt it while it is served."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, server.url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    with process, socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Session: s-1\r\n\r\n".encode())
        assert process.stdout.readline() == "serving\n"
        if path == "/killed":
            process.kill()
        else:
            client.close()
            assert process.stdout.readline() == "disconnected\n"
            process.send_signal(signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("path", ["/killed", "/cancelled"])
def test_an_interrupted_request_keeps_its_session_and_inputs(
    path: str, tracing: LocalServer, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    interrupt_request(tracing, path)
    # The recovery of the killed process's spool begins with `flush`.
    with start_span("own"):
        pass
    found: list[Trace] = []

    def is_there() -> bool:
        ace_tracing.flush()
        found[:] = [each for each in ace_tracing.search_traces() if each.info.name == f"GET {path}"]
        return bool(found)

    wait_until(is_there)
    (read,) = found
    assert identity_of(read) == ("s-1", "u-1")
    assert read.root is not None
    assert (read.root.span_type, read.root.inputs) == ("AGENT", {"method": "GET", "path": path})
    assert read.info.state == "ERROR"


def test_a_caller_of_the_same_sdk_keeps_its_session() -> None:
    app = TraceASGI(Starlette(routes=[Route("/{path:path}", answer)]), session=lambda scope: "s-here")
    client = TestClient(app)
    with capture_traces() as traces, ace_tracing.session("s-caller"), start_span("calling"):
        client.get("/ask", headers=ace_tracing.inject({}))
    caller, *_ = [read for read in traces if read.root is not None and read.root.name == "calling"]
    assert identity_of(caller)[0] == "s-caller"


def test_options_pass_through_a_framework(tracing: LocalServer) -> None:
    from starlette.middleware import Middleware

    app = Starlette(
        routes=[Route("/{path:path}", answer)],
        middleware=[Middleware(TraceASGI, exclude=["/health"], session="X-Session")],
    )
    client = TestClient(app)
    client.get("/health")
    client.get("/ask", headers={"X-Session": "s-1"})
    (read,) = ace_tracing.search_traces()
    assert (read.info.name, identity_of(read)[0]) == ("GET /ask", "s-1")
