"""The faulty server: an HTTP server on loopback with configured responses and faults, for tests of error handling."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.helpers.faults.handler import Listener
from tests.helpers.faults.otlp import decode_spans, identify_spans
from tests.helpers.faults.responses import FakeResponse, Fault, Request, Rule, poisoned_by, too_large
from tests.helpers.faults.store import Store

__all__ = ["FakeResponse", "Fault", "FaultyServer", "Request", "Rule", "faulty_server", "poisoned_by", "too_large"]


class FaultyServer:
    """A running server. It reserves its port while it is down.

    Args:
        responses: The responses to the requests, in order. The last one is repeated.
        up: Whether the server accepts connections at first.
        keep_requests: Whether to fill `requests`. Otherwise only stored spans take memory.

    Attributes:
        responses: The responses to come. The last one is repeated.
        rules: Functions that are called before a response is used. The first response that one returns is sent.
        requests: Method, path, headers and body of each request.
        times: Arrival time of each request, by `time.monotonic()`.
        store: The stored spans.
        hung: Set by `release`: no response hangs any longer.
        port: The server's port.
        url: The server's address.
    """

    def __init__(self, responses: list[FakeResponse], *, up: bool = True, keep_requests: bool = True) -> None:
        self.responses = responses
        self.rules: list[Rule] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.times: list[float] = []
        self.store = Store()
        self.hung = threading.Event()
        self._keep_requests = keep_requests
        self._lock = threading.Lock()
        self._port_holder: socket.socket | None = None
        self._listener: Listener | None = Listener(0, self)
        self.port = self._listener.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if not up:
            self.down()

    def down(self) -> None:
        """Break all connections and refuse new ones. The port stays reserved."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
            self._port_holder = socket.socket()
            self._port_holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._port_holder.bind(("127.0.0.1", self.port))

    def up(self) -> None:
        """Accept connections again, on the same port."""
        if self._port_holder is not None:
            self._port_holder.close()
            self._port_holder = None
            self._listener = Listener(self.port, self)

    def release(self) -> None:
        """Complete all responses that hang or drip."""
        self.hung.set()

    def close(self) -> None:
        """Stop the server permanently."""
        self.release()
        self.down()
        if self._port_holder is not None:
            self._port_holder.close()

    def respond_with(self, *responses: FakeResponse) -> None:
        """Replace the responses to come. The last one is repeated."""
        with self._lock:
            self.responses = list(responses)

    def next_response(self, request: Request) -> FakeResponse:
        """Record a request and return the response to it."""
        with self._lock:
            self.times.append(time.monotonic())
            if self._keep_requests:
                self.requests.append((request.method, request.path, request.headers, request.body))
            for rule in self.rules:
                if (response := rule(request)) is not None:
                    return response
            return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    def store_spans(self, request: Request, response: FakeResponse) -> None:
        """Count the spans of a request, and store them as its response reports."""
        if request.is_export:
            spans = identify_spans(request.headers, request.body)
            self.store.add(spans, stores=response.stores, rejected=response.rejected)

    def exported(self) -> list[list[dict[str, Any]]]:
        """Return the spans of each export request, as OTLP JSON."""
        return [
            decode_spans(headers, body)
            for method, path, headers, body in self.requests
            if Request(method, path, headers, body).is_export
        ]


@contextmanager
def faulty_server(
    *responses: FakeResponse, hang: bool = False, up: bool = True, keep_requests: bool = True
) -> Iterator[FaultyServer]:
    """Serve on a free port of loopback.

    Args:
        *responses: The responses to the requests, in order. The last one is repeated.
        hang: Whether the default response hangs until `release` is called.
        up: Whether the server accepts connections at first.
        keep_requests: Whether to record the requests.

    Yields:
        The running server.
    """
    default = FakeResponse(fault=Fault.STALL if hang else None)
    with contextlib.closing(FaultyServer(list(responses) or [default], up=up, keep_requests=keep_requests)) as server:
        yield server
