"""An HTTP server on loopback that answers as told: for tests of what happens when the service does not behave."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.helpers.faults.handler import Listener
from tests.helpers.faults.otlp import spans_in, whole_spans_in
from tests.helpers.faults.responses import FakeResponse, Fault, Request, Rule, poisoned_by, too_large
from tests.helpers.faults.store import Store

__all__ = ["FakeResponse", "Fault", "FaultyServer", "Request", "Rule", "faulty_server", "poisoned_by", "too_large"]


class FaultyServer:
    """A running server on a port of its own, which stays its own while the server is down.

    Args:
        answers: given in turn, the last one for ever after.
        up: whether it takes connections from the start.
        keep_requests: whether `requests` is filled; without it, only what is stored takes memory.
    """

    def __init__(self, answers: list[FakeResponse], *, up: bool = True, keep_requests: bool = True) -> None:
        self.answers = answers
        self.rules: list[Rule] = []
        """Asked in turn before an answer is taken; the first that gives one decides."""
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, path, headers and body of each request, as they came."""
        self.times: list[float] = []
        """When each request had come, as `time.monotonic()` gives it."""
        self.store = Store()
        self.hung = threading.Event()
        """Set by `release`: nothing hangs any longer."""
        self._keep_requests = keep_requests
        self._taking = threading.Lock()
        self._held: socket.socket | None = None
        self._listener: Listener | None = Listener(0, self)
        self.port = self._listener.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if not up:
            self.down()

    def down(self) -> None:
        """Break off all connections and refuse new ones, on a port that nobody else is given meanwhile."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))

    def up(self) -> None:
        """Take connections again, on the same port."""
        if self._held is not None:
            self._held.close()
            self._held = None
            self._listener = Listener(self.port, self)

    def release(self) -> None:
        """Let what hangs or drips go on."""
        self.hung.set()

    def close(self) -> None:
        """End for good."""
        self.release()
        self.down()
        if self._held is not None:
            self._held.close()

    def respond_with(self, *answers: FakeResponse) -> None:
        """From now on give these answers in turn, the last one for ever after."""
        with self._taking:
            self.answers = list(answers)

    def take(self, request: Request) -> FakeResponse:
        """Note a request and give the answer that is due to it."""
        with self._taking:
            self.times.append(time.monotonic())
            if self._keep_requests:
                self.requests.append((request.method, request.path, request.headers, request.body))
            for rule in self.rules:
                if (answer := rule(request)) is not None:
                    return answer
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def keep(self, request: Request, answer: FakeResponse) -> None:
        """Count the spans of a request and store those that the answer says are stored."""
        if request.is_export:
            spans = spans_in(request.headers, request.body)
            self.store.saw(spans, stores=answer.stores, rejected=answer.rejected)

    def exported(self) -> list[list[dict[str, Any]]]:
        """The spans of each request for storing spans, as OTLP JSON."""
        return [
            whole_spans_in(headers, body)
            for method, path, headers, body in self.requests
            if Request(method, path, headers, body).is_export
        ]


@contextmanager
def faulty_server(
    *answers: FakeResponse, hang: bool = False, up: bool = True, keep_requests: bool = True
) -> Iterator[FaultyServer]:
    """Serve on a free port of loopback; with `hang`, take requests and answer none until it is released."""
    default = FakeResponse(fault=Fault.STALL if hang else None)
    with contextlib.closing(FaultyServer(list(answers) or [default], up=up, keep_requests=keep_requests)) as server:
        yield server
