"""ASGI and WSGI middlewares and HTTP clients: a request is a span, and two processes make one trace."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import anyio
import httpx
import openai
import pytest
import requests
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

import ace_tracing
from ace_tracing import Span, Trace, TraceASGI, TraceWSGI, get_trace, inject_into, start_span, trace
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

SERVICE = """
import asyncio, socket, sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from ace_tracing import TraceASGI, configure, flush, trace

@trace
async def work(name):
    return f"hello {name}"

async def greet(request):
    return PlainTextResponse(await work(request.path_params["name"]))

async def delivered(request):
    return PlainTextResponse(str(bool(await asyncio.to_thread(flush))))

configure(api_key="kb-test", base_url=sys.argv[1])
app = Starlette(routes=[Route("/greet/{name}", greet), Route("/delivered", delivered)])
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(TraceASGI(app), log_level="warning")).run(sockets=[listening])
"""


@contextmanager
def service(server: LocalServer) -> Iterator[str]:
    """Run a traced service in another process and yield its address."""
    process = subprocess.Popen([sys.executable, "-c", SERVICE, server.url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(120)
        process.stdout.close()


def with_httpx(url: str) -> str:
    with inject_into(inject_into(httpx.Client())) as client:
        assert len(client.event_hooks["request"]) == 1
        return client.get(url).text


def with_async_httpx(url: str) -> str:
    async def get() -> str:
        async with inject_into(httpx.AsyncClient()) as client:
            return (await client.get(url)).text

    return anyio.run(get)


def with_requests(url: str) -> str:
    with inject_into(inject_into(requests.Session())) as session:
        return session.get(url).text


@pytest.mark.covers("Contexts", "service called over HTTP: httpx, requests")
def test_two_processes_make_one_trace(tracing: LocalServer) -> None:
    with service(tracing) as url:
        for call in (with_httpx, with_async_httpx, with_requests):
            with start_span("calling") as calling:
                assert call(f"{url}/greet/world?secret=1") == "hello world"
            assert httpx.get(f"{url}/delivered").text == "True"
            read = get_trace(calling.trace_id or "")
            assert [(depth, span.name) for depth, span in read.walk()] == [
                (0, "calling"),
                (1, "GET /greet/world"),
                (2, "work"),
            ]
            served = read.data.spans[1]
            assert {
                key: served.attributes[key] for key in sorted(served.attributes) if not key.startswith("mlflow")
            } == {
                "http.request.method": "GET",
                "http.response.status_code": 200,
                "http.route": "/greet/{name}",
                "url.path": "/greet/world",
            }
            assert "secret" not in str(read.to_dict())


@pytest.mark.parametrize(
    ("client", "message"),
    [
        (object(), "object is neither a client of httpx or httpx2 nor a requests session: .* inject({}) returns"),
        (httpx.Client, "Client is neither .*: give an object of the class"),
        (openai.OpenAI(api_key="k"), "Write OpenAI(http_client=inject_into(httpx2.Client()))"),
        (openai.AsyncOpenAI(api_key="k"), "Write AsyncOpenAI(http_client=inject_into(httpx2.AsyncClient()))"),
    ],
    ids=["other", "class", "OpenAI", "AsyncOpenAI"],
)
def test_inject_into_rejects_other_clients(client: object, message: str) -> None:
    # Before version 3, openai's clients use httpx.
    if openai.__version__ < "3":
        message = message.replace("httpx2.Cl", "httpx.Cl").replace("httpx2.As", "httpx.As")
    pattern = "".join(re.escape(part) if part != ".*" else part for part in re.split(r"(\.\*)", message))
    with pytest.raises(TypeError, match=pattern):
        inject_into(client)


@pytest.mark.skipif(find_spec("httpx2") is None, reason="httpx2 comes with openai 3")
def test_a_provider_s_client_sends_the_context(tracing: LocalServer) -> None:
    httpx2 = import_module("httpx2")
    seen: list[dict[str, str]] = []

    def answer(request: Any) -> Any:
        seen.append(dict(request.headers))
        return httpx2.Response(404, json={})

    transport = httpx2.MockTransport(answer)
    http_client = inject_into(httpx2.Client(transport=transport))
    client = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1", http_client=http_client, max_retries=0)
    with start_span("calling") as calling, pytest.raises(openai.NotFoundError):
        client.models.list()
    (headers,) = seen
    assert calling.span_id is not None
    assert headers["traceparent"].split("-")[1:3] == [(calling.trace_id or "")[3:], calling.span_id]


@trace
def step() -> str:
    return "chunk "


async def chunks() -> AsyncIterator[str]:
    for _ in range(2):
        yield step()


async def failing_chunks() -> AsyncIterator[str]:
    yield step()
    raise ValueError("half-way")


async def fail(request: Any) -> PlainTextResponse:
    raise ValueError("no")


async def talk(websocket: Any) -> None:
    await websocket.accept()
    step()
    await websocket.send_text("hello")
    await websocket.close()


def route(path: str, make_response: Callable[[], Any]) -> Route:
    async def endpoint(request: Any) -> Any:
        return make_response()

    return Route(path, endpoint)


ROUTES = [
    route("/plain", lambda: PlainTextResponse(step())),
    route("/stream", lambda: StreamingResponse(chunks())),
    route("/cut", lambda: StreamingResponse(failing_chunks())),
    route("/unavailable", lambda: PlainTextResponse("later", 503)),
    route("/after", lambda: PlainTextResponse("soon", background=BackgroundTask(step))),
    Route("/fail", fail),
    WebSocketRoute("/talk", talk),
]


@pytest.fixture(params=["around", "added"])
def app(request: pytest.FixtureRequest) -> Any:
    if request.param == "around":
        return TraceASGI(Starlette(routes=ROUTES))
    return Starlette(routes=ROUTES, middleware=[Middleware(TraceASGI)])


def root_of(read: Trace) -> Span:
    assert read.root is not None
    return read.root


@pytest.mark.covers("Contexts", "ASGI request")
@pytest.mark.parametrize(
    ("path", "status", "children", "state"),
    [
        ("/plain", 200, 1, "OK"),
        ("/stream", 200, 2, "OK"),
        ("/after", 200, 1, "OK"),
        ("/unavailable", 503, 0, "ERROR"),
        ("/none", 404, 0, "OK"),
    ],
)
def test_an_asgi_request_is_a_span(app: Any, path: str, status: int, children: int, state: str) -> None:
    with capture_traces() as traces:
        assert TestClient(app).get(path).status_code == status
        (read,) = traces
    root = root_of(read)
    assert (root.name, root.status.status_code) == (f"GET {path}", state)
    assert root.attributes["http.response.status_code"] == status
    assert root.attributes.get("http.route") == (path if path != "/none" else None)
    assert len(read.tree[0].children) == children
    assert root.inputs == {"method": "GET", "path": path}
    assert root.outputs == {"status": status}


@pytest.mark.covers("Contexts", "ASGI streamed body")
def test_the_span_of_a_request_includes_a_streamed_body(app: Any) -> None:
    with capture_traces() as traces:
        assert TestClient(app).get("/stream").text == "chunk chunk "
        (read,) = traces
    root = root_of(read)
    assert all(child.span.end_time_ns <= root.end_time_ns for child in read.tree[0].children)


@pytest.mark.covers("Endings", "Request that fails")
@pytest.mark.parametrize(("path", "message"), [("/fail", "ValueError: no"), ("/cut", "ValueError: half-way")])
def test_an_exception_sets_the_request_s_error_and_propagates(app: Any, path: str, message: str) -> None:
    with capture_traces() as traces:
        with pytest.raises(ValueError, match=message.partition(": ")[2]):
            TestClient(app).get(path)
        (read,) = traces
    root = root_of(read)
    assert (root.status.status_code, root.status.description) == ("ERROR", message)


@pytest.mark.covers("Contexts", "WebSocket")
def test_a_websocket_is_a_span(app: Any) -> None:
    with capture_traces() as traces:
        with TestClient(app).websocket_connect("/talk") as websocket:
            assert websocket.receive_text() == "hello"
        (read,) = traces
    assert [(depth, span.name) for depth, span in read.walk()] == [(0, "WEBSOCKET /talk"), (1, "step")]


def test_the_middleware_serves_requests_while_tracing_is_off(app: Any) -> None:
    assert TestClient(app).get("/stream").text == "chunk chunk "


class Body:
    """A WSGI body that records whether it was closed."""

    def __init__(self, fails: bool = False) -> None:
        self.closed = False
        self._fails = fails

    def __iter__(self) -> Iterator[bytes]:
        yield step().encode()
        if self._fails:
            raise ValueError("half-way")
        yield step().encode()

    def close(self) -> None:
        self.closed = True


bodies: list[Body] = []


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Any:
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise ValueError("no")
    start_response("503 Later" if path == "/unavailable" else "200 OK", [("Content-Type", "text/plain")])
    if path == "/stream":
        bodies.append(Body())
        return bodies[-1]
    return [step().encode()]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def wsgi_service() -> Iterator[str]:
    with make_server("127.0.0.1", 0, TraceWSGI(wsgi_app), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.covers("Contexts", "WSGI request")
@pytest.mark.parametrize(
    ("path", "status", "children"), [("/plain", 200, 1), ("/stream", 200, 2), ("/unavailable", 503, 1)]
)
def test_a_wsgi_request_is_a_child_of_its_caller(tracing: LocalServer, path: str, status: int, children: int) -> None:
    with wsgi_service() as url, inject_into(httpx.Client()) as client, start_span("calling") as calling:
        response = client.get(f"{url}{path}?secret=1")
        assert (response.status_code, response.text) == (status, "chunk " * children)
        assert ("content-length" in response.headers) == (path != "/stream")
    read = get_trace(calling.trace_id or "")
    (request,) = read.tree[0].children
    assert request.span.name == f"GET {path}"
    assert request.span.status.status_code == ("ERROR" if status == 503 else "OK")
    assert [child.span.name for child in request.children] == ["step"] * children
    assert request.span.attributes["http.response.status_code"] == status
    if path == "/stream":
        assert bodies[-1].closed
        assert request.children[-1].span.end_time_ns <= request.span.end_time_ns


@pytest.mark.covers("Endings", "Request that fails")
def test_an_exception_of_a_wsgi_application_propagates() -> None:
    with capture_traces() as traces:
        with pytest.raises(ValueError, match="no"):
            TraceWSGI(wsgi_app)({"REQUEST_METHOD": "GET", "PATH_INFO": "/fail"}, lambda *_: None)
        (read,) = traces
    assert (root_of(read).name, root_of(read).status.description) == ("GET /fail", "ValueError: no")


def test_an_exception_in_a_wsgi_body_propagates() -> None:
    body = Body(fails=True)
    with capture_traces() as traces:
        served = TraceWSGI(lambda environ, start_response: body)({"REQUEST_METHOD": "GET"}, lambda *_: None)
        with pytest.raises(ValueError, match="half-way"):
            list(served)
        (read,) = traces
    assert (root_of(read).name, root_of(read).status.description) == ("GET /", "ValueError: half-way")


@pytest.mark.covers("Endings", "WSGI body left half-way")
def test_closing_a_partly_read_wsgi_body_ends_the_span() -> None:
    with capture_traces() as traces:
        served: Any = TraceWSGI(wsgi_app)({"REQUEST_METHOD": "GET", "PATH_INFO": "/stream"}, lambda *_: None)
        assert next(served) == b"chunk "
        assert ace_tracing.get_current_trace_id() is None
        served.close()
        (read,) = traces
    assert len(read.tree[0].children) == 1
    assert bodies[-1].closed
