"""A server that takes any request, answers as each SDK needs, and counts spans: the same floor of a receiver for all.

Bodies are kept as they came and read only when somebody asks for the count, so that counting takes no time from what
is measured.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wire import Request, answer_to, span_ids

QUIET = 5.0
"""Seconds without a request after which what is missing counts as not delivered."""


class Tally:
    """What has come so far."""

    def __init__(self) -> None:
        self.unread = SimpleQueue[Request]()
        self._seen: set[bytes] = set()
        self._requests = self._sent = self._decoded = 0
        self._last = 0.0

    def wait(self, spans: int) -> dict[str, float]:
        """What has come, once there are so many spans or nothing more comes.

        `last` is when the last request that brought spans had come in whole, on the clock of `time.perf_counter`,
        which all processes of a machine share; `sent` and `decoded` are bytes of bodies.
        """
        latest = time.perf_counter()
        while len(self._seen) < spans and time.perf_counter() - latest < QUIET:
            try:
                self._read(self.unread.get(timeout=0.02))
            except Empty:
                continue
            latest = time.perf_counter()
        while not self.unread.empty():
            self._read(self.unread.get())
        return {
            "spans": len(self._seen),
            "last": self._last,
            "requests": self._requests,
            "sent": self._sent,
            "decoded": self._decoded,
        }

    def _read(self, request: Request) -> None:
        body = request.decoded()
        ids = span_ids(request, body)
        self._requests += 1
        self._sent += len(request.body)
        self._decoded += len(body)
        if ids:
            self._seen |= ids
            self._last = max(self._last, request.at)


def _serve(pipe: Connection) -> None:
    tally = Tally()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/counted":
                (spans,) = parse_qs(address.query)["spans"]
                self._answer(json.dumps(tally.wait(int(spans))).encode())
            else:
                self._answer(answer_to(address.path, "", b""))

        def do_PUT(self) -> None:
            self.do_POST()

        def do_PATCH(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self._body()
            request = Request(
                urlsplit(self.path).path,
                self.headers.get("content-type", ""),
                self.headers.get("content-encoding", ""),
                body,
                time.perf_counter(),
            )
            tally.unread.put(request)
            self._answer(answer_to(request.path, request.content_type, body))

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", self.headers.get("content-type", "application/json"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: a log line a request would be measured, too."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            # Clients that are measured may end in the middle of a request.
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    with Server(("127.0.0.1", 0), Handler) as server:
        pipe.send(server.server_port)
        server.serve_forever()


class Sink:
    """The server in a process of its own, so that its work is not counted as the SDK's."""

    def __enter__(self) -> str:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(there,), daemon=True)
        self._process.start()
        return f"http://127.0.0.1:{here.recv()}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
