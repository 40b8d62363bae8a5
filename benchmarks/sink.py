"""Sink: a server that accepts the requests of every SDK, responds as the SDK expects, and counts spans.

It stores the bodies and parses them only on a request for the count, so counting does not slow down a measurement.
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
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from wire import Request, response_body, span_ids

QUIET_S: Final = 5.0
"""Seconds without a request after which missing spans count as not delivered."""


class SpanCounter:
    """Counter of the received spans, requests and bytes."""

    def __init__(self) -> None:
        self.received = SimpleQueue[Request]()
        self._seen: set[bytes] = set()
        self._requests = self._sent = self._decoded = 0
        self._last = 0.0

    def wait(self, spans: int) -> dict[str, float]:
        """Wait until there are so many spans or no more requests arrive, and return the counts.

        `last` is the arrival of the last request with spans, on the clock of `time.perf_counter`, which all processes
        of a machine share. `sent` and `decoded` are the bytes of the bodies before and after decompression.
        """
        last_request = time.perf_counter()
        while len(self._seen) < spans and time.perf_counter() - last_request < QUIET_S:
            try:
                self._read(self.received.get(timeout=0.02))
            except Empty:
                continue
            last_request = time.perf_counter()
        while not self.received.empty():
            self._read(self.received.get())
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
    counter = SpanCounter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/counted":
                (spans,) = parse_qs(address.query)["spans"]
                self._respond(json.dumps(counter.wait(int(spans))).encode())
            else:
                self._respond(response_body(address.path, "", b""))

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
            counter.received.put(request)
            self._respond(response_body(request.path, request.content_type, body))

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _respond(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", self.headers.get("content-type", "application/json"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing, because the cost of logging would be measured."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            # A measured client may exit during a request.
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    with Server(("127.0.0.1", 0), Handler) as server:
        pipe.send(server.server_port)
        server.serve_forever()


class Sink:
    """The server in a separate process, so its CPU time does not count as the SDK's."""

    def __enter__(self) -> str:
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(sender,), daemon=True)
        self._process.start()
        return f"http://127.0.0.1:{receiver.recv()}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
