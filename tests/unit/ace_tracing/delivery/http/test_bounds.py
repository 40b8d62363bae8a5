"""Responses are bounded in size, after decompression, and in time: of exports, of reads and of the REST client."""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import pytest
from tests.helpers.counts import counts
from tests.helpers.programs import wait_for

import ace_tracing
from ace_tracing import ServiceError, get_trace, search_traces, start_span
from ace_tracing.delivery.http import client
from ace_tracing.reading import queries
from kayba_api import APIConnectionError, APITimeoutError, AsyncKayba, Kayba, KaybaError
from kayba_local import LocalServer

MEBIBYTE = 1024 * 1024
SMALL = 2 * MEBIBYTE
TRACE_ID = "0" * 32


def zip_bomb(size: int) -> bytes:
    """Return gzip of that many zeros, a thousandth of the size."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunks = [compressor.compress(bytes(MEBIBYTE)) for _ in range(size // MEBIBYTE)]
    return b"".join([*chunks, compressor.flush()])


BOMB = zip_bomb(300 * MEBIBYTE)


class Endless(ThreadingHTTPServer):
    """A server whose responses have no end, or become large.

    Args:
        mode: `endless`, `drip`, `bomb`, or a foreign encoding.
    """

    daemon_threads = True

    def __init__(self, mode: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = mode
        self.sent = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients close their connections in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: Endless
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a response."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        if self.server.mode == "bomb":
            self.send_header("Content-Encoding", "gzip")
        elif self.server.mode == "br":
            self.send_header("Content-Encoding", "br")
        self.end_headers()
        self.close_connection = True
        if self.server.mode == "bomb":
            self.wfile.write(BOMB)
        elif self.server.mode == "br":
            self.wfile.write(b"12345")
        else:
            self._send_forever(1 if self.server.mode == "drip" else 64 * 1024)

    do_POST = do_GET  # noqa: N815 - the name that the base class calls

    def _send_forever(self, size: int) -> None:
        while True:
            self.wfile.write(b"x" * size)
            self.wfile.flush()
            self.server.sent += size
            if size == 1:
                time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[str], Endless]]:
    servers: list[Endless] = []

    def start(mode: str) -> Endless:
        servers.append(Endless(mode))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _shut_down() -> Iterator[None]:
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


@pytest.mark.parametrize("mode", ["endless", "bomb", "br"])
def test_an_export_reads_little_of_a_response_and_holds_the_traces(mode: str, serve: Callable[[str], Endless]) -> None:
    server = serve(mode)
    ace_tracing.configure(api_key="kb-test", base_url=server.url, spool=False)
    with start_span("step"):
        pass
    ace_tracing.flush(timeout=0)
    wait_for(lambda: ace_tracing.tracing_status().last_error)
    assert counts(ace_tracing.tracing_status(), made=1) == (0, 1, 0)
    assert ("br" if mode == "br" else "1048576 bytes") in (ace_tracing.tracing_status().last_error or "")
    # The sockets' buffers take some more.
    assert server.sent < 64 * MEBIBYTE


@pytest.mark.parametrize("mode", ["endless", "bomb", "br"])
def test_a_read_raises_for_a_response_that_is_too_large(
    mode: str, serve: Callable[[str], Endless], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LARGE", {"max_response_bytes": SMALL})
    ace_tracing.configure(api_key="kb-test", base_url=serve(mode).url, spool=False)
    for read in (lambda: get_trace(TRACE_ID), search_traces):
        with pytest.raises(ServiceError, match="encoding 'br'" if mode == "br" else f"more than {SMALL} bytes"):
            read()


def test_a_read_of_a_dripping_response_ends_in_time(
    serve: Callable[[str], Endless], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "DEFAULT_TIMEOUT_S", 0.5)
    ace_tracing.configure(api_key="kb-test", base_url=serve("drip").url, spool=False)
    for read in (lambda: get_trace(TRACE_ID), search_traces):
        with pytest.raises(ace_tracing.ServiceTimeoutError):
            read()


def test_traces_that_are_too_large_together_are_read_in_parts(
    tracing: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LARGE", {"max_response_bytes": MEBIBYTE})
    for number in range(6):
        with start_span(f"n{number}") as span:
            span.set_outputs("x" * 300_000)
    assert sorted(trace.info.name or "" for trace in search_traces()) == [f"n{number}" for number in range(6)]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("mode", "error", "advice"),
    [
        ("endless", APIConnectionError, "max_response_bytes="),
        ("bomb", APIConnectionError, "max_response_bytes="),
        ("br", APIConnectionError, "encoding 'br'"),
        ("drip", APITimeoutError, "max_response_s="),
    ],
)
def test_the_rest_client_raises_for_a_response_without_end(
    mode: str, error: type[KaybaError], advice: str, is_async: bool, serve: Callable[[str], Endless]
) -> None:
    options: dict[str, Any] = {
        "base_url": serve(mode).url,
        "api_key": "kb-test",
        "max_retries": 0,
        "max_response_bytes": SMALL,
        "max_response_s": 0.5 if mode == "drip" else 60,
    }

    async def list_async() -> None:
        async with AsyncKayba(**options) as kayba:
            await kayba.traces.list()

    with Kayba(**options) as kayba, pytest.raises(error, match=re.escape(advice)):
        anyio.run(list_async) if is_async else kayba.traces.list()


@pytest.mark.parametrize("limit", [{"max_response_bytes": 0}, {"max_response_s": -1}])
def test_a_limit_that_is_not_positive_raises(limit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Kayba(api_key="kb-test", **limit)


def test_configure_works_in_a_deleted_folder(
    kayba_server: LocalServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path_factory.mktemp("gone")
    monkeypatch.chdir(gone)
    gone.rmdir()
    for home in ("spool", "~/spool"):
        monkeypatch.setenv("KAYBA_SPOOL_DIR", home)
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
        with start_span("step"):
            pass
        assert ace_tracing.shutdown(timeout=30).delivered == 1
