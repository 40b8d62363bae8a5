"""An HTTP server on loopback that answers as told: for tests of what happens when the service does not behave."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What to answer to one request."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FaultyServer:
    """A running server: `answers` are given in turn, the last one for ever after."""

    url: str
    answers: list[Answer]
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    hung: threading.Event = field(default_factory=threading.Event)

    def exported(self) -> list[list[dict[str, Any]]]:
        """The spans of each request for storing spans, as OTLP JSON."""
        return [
            [
                span
                for resource in json.loads(gzip.decompress(body))["resourceSpans"]
                for scope in resource["scopeSpans"]
                for span in scope["spans"]
            ]
            for method, path, _, body in self.requests
            if (method, path) == ("POST", "/api/mlflow/v1/traces")
        ]


@contextmanager
def faulty_server(*answers: Answer, hang: bool = False) -> Iterator[FaultyServer]:
    """Serve on a free port of loopback; with `hang`, take requests and answer none until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            server.requests.append((self.command, self.path, dict(self.headers), body))
            if hang:
                server.hung.wait(30)
            answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hung up is part of the test."""

    listening = Server(("127.0.0.1", 0), Handler)
    server = FaultyServer(f"http://127.0.0.1:{listening.server_port}", list(answers) or [Answer()])
    thread = threading.Thread(target=listening.serve_forever, daemon=True, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.hung.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
