"""A server that takes any request, answers 200, and counts spans: the floor of a receiver, the same for every SDK."""

from __future__ import annotations

import gzip
import multiprocessing
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

_SPAN_IDS = re.compile(rb'"spanId"')


def _serve(pipe: Connection) -> None:
    counted = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(str(counted).encode())

        def do_POST(self) -> None:
            nonlocal counted
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            counted += self._spans(body)
            self._answer(b"" if "protobuf" in self.headers.get("content-type", "") else b"{}")

        def _spans(self, body: bytes) -> int:
            if "protobuf" not in self.headers.get("content-type", ""):
                return len(_SPAN_IDS.findall(body))
            from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

            request = ExportTraceServiceRequest.FromString(body)
            return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", self.headers.get("content-type", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: a log line a request would be measured, too."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
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
