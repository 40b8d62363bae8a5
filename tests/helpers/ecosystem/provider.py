"""A model provider on loopback that speaks OpenAI's and Anthropic's wire, and records its requests.

It answers `/v1/chat/completions`, `/v1/responses`, `/v1/embeddings` and `/v1/messages`, whole or as a stream.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.ecosystem.runner.questions import ERROR_MESSAGE
from tests.helpers.ecosystem import anthropic_wire, openai_wire
from tests.helpers.ecosystem.replies import Reply
from tests.helpers.ecosystem.wire import Api, Usage

APIS: Final[dict[str, Api]] = {
    "/v1/chat/completions": openai_wire.ChatCompletions(),
    "/v1/responses": openai_wire.Responses(),
    "/v1/embeddings": openai_wire.Embeddings(),
    "/v1/messages": anthropic_wire.Messages(),
}
MAX_SLOW_S: Final = 8.0
"""The longest time that a slow response waits for the client to disconnect. Some frameworks never do."""
FIRST_INPUT_TOKENS: Final = 100


@dataclass(slots=True)
class Exchange:
    """A request that the provider received, and its response.

    Attributes:
        case: The program's case that was running.
        path: The path of the request.
        streamed: Whether the response was a stream.
        status: The HTTP status of the response.
        question: The question in the request.
        usage: The tokens that the response reported; None if it reported none.
        ended: Whether the response has ended.
    """

    case: str
    path: str
    streamed: bool
    status: int
    question: str
    usage: Usage | None = None
    ended: bool = False


class Provider:
    """A running provider.

    Attributes:
        url: The address of the server, without `/v1`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._case = ""
        self._exchanges: list[Exchange] = []

    def begin_case(self, name: str) -> None:
        """Count the following requests for a case."""
        with self._lock:
            self._case = name

    def exchanges(self) -> list[Exchange]:
        """Return the recorded requests."""
        with self._lock:
            return list(self._exchanges)

    def record(self, path: str, streamed: bool, reply: Reply, question: str) -> tuple[Exchange, int]:
        """Record a request, and return it with its number."""
        with self._lock:
            exchange = Exchange(self._case, path, streamed, reply.status, question)
            self._exchanges.append(exchange)
            return exchange, len(self._exchanges)


class _Handler(BaseHTTPRequestHandler):
    """One connection. Every response closes it, so a disconnected client is seen."""

    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_GET(self) -> None:
        """Return the recorded requests."""
        self._send_json(200, [asdict(exchange) for exchange in self.provider.exchanges()])

    def do_POST(self) -> None:
        """Begin a case, or answer a request to a model."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/case/"):
            self.provider.begin_case(self.path.removeprefix("/case/"))
            self._send_json(200, {})
            return
        path = self.path.partition("?")[0]
        if path not in APIS:
            self._send_json(404, {"error": {"message": f"no such path: {path}"}})
            return
        api, request = APIS[path], json.loads(body)
        conversation = api.read(request)
        reply = api.choose(conversation)
        exchange, number = self.provider.record(path, bool(request.get("stream")), reply, conversation.question)
        usage = api.count(FIRST_INPUT_TOKENS + number, 10 + number)
        try:
            self._answer(api, request, reply, exchange, usage)
        except OSError:
            # The client has disconnected, as the cases of cancelled calls and abandoned streams do.
            self.close_connection = True
        finally:
            exchange.ended = True

    def _answer(self, api: Api, request: dict[str, Any], reply: Reply, exchange: Exchange, usage: Usage) -> None:
        if reply.status != 200:
            self._send_json(reply.status, api.error(reply.status, ERROR_MESSAGE))
            return
        if not exchange.streamed:
            if reply.slow and self._wait_for_disconnection():
                return
            self._send_json(200, api.response(request, reply, usage))
            exchange.usage = usage
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, event in enumerate(api.events(request, reply, usage)):
            self._send_chunk(event.encode())
            if reply.slow and number == api.first_text_event and self._wait_for_disconnection():
                return
        if api.reports_usage(request):
            exchange.usage = usage
        self._send_chunk(b"")

    def _send_chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def _send_json(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _wait_for_disconnection(self) -> bool:
        """Return True once the client has disconnected, or False when it does not within `MAX_SLOW_S`."""
        readable, _, _ = select.select([self.connection], [], [], MAX_SLOW_S)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def log_message(self, *args: object) -> None:
        """Print nothing: the tests show the requests."""


@contextmanager
def run_provider() -> Iterator[Provider]:
    """Serve a provider until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    # Each server needs a handler class of its own, because the class holds the provider.
    server.RequestHandlerClass = type("Handler", (_Handler,), {"provider": provider})
    thread = threading.Thread(target=server.serve_forever, name="provider", daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
