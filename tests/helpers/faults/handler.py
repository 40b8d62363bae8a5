"""The connection handler of a faulty server: sends each response with its fault."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from tests.helpers.faults.responses import FakeResponse, Fault, Request

if TYPE_CHECKING:
    from tests.helpers.faulty_server import FaultyServer

DRIP_S: Final = 0.2
MAX_STALL_S: Final = 600.0
STATUSES_WITHOUT_BODY: Final = (204, 304)


class Listener(ThreadingHTTPServer):
    """Accepts connections on a port of loopback, and passes each request to a `FaultyServer`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, faulty_server: FaultyServer) -> None:
        self.faulty_server = faulty_server
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: object) -> None:
        """Close the connection without a shutdown, which would turn a reset into an ordinary end."""
        self.close_request(request)  # type: ignore[arg-type] # typeshed also knows datagrams

    def handle_error(self, *_: object) -> None:
        """Ignore the error: a client that closes its connection is part of the test."""

    def stop(self) -> None:
        """Stop accepting connections, and break the open ones."""
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join()


class Dripping(io.BufferedIOBase):
    """A stream that writes byte by byte, with pauses until `released` is set."""

    def __init__(self, connection: io.BufferedIOBase, released: threading.Event) -> None:
        self._connection = connection
        self._released = released

    def write(self, data: Any) -> int:
        message = bytes(data)
        for byte in message:
            self._connection.write(bytes((byte,)))
            self._released.wait(DRIP_S)
        return len(message)


class Handler(BaseHTTPRequestHandler):
    """Sends the configured responses to the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = Request(self.command, self.path, dict(self.headers), body)
        faulty_server = self.server.faulty_server
        response = faulty_server.next_response(request)
        if response.fault is Fault.STALL:
            faulty_server.hung.wait(MAX_STALL_S)
        faulty_server.store_spans(request, response)
        match response.fault:
            case Fault.RESET:
                linger = struct.pack("ii" if os.name == "posix" else "hh", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
            case Fault.LOSE:
                self.close_connection = True
            case Fault.GARBAGE:
                self.wfile.write(b"220 mail.example ESMTP\r\n")
                self.close_connection = True
            case _:
                self._send(request, response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of http.server

    def _send(self, request: Request, response: FakeResponse) -> None:
        body = b"" if response.status in STATUSES_WITHOUT_BODY else response.body_for(request)
        declared_size = len(body)
        match response.fault:
            case Fault.CUT:
                body = body or b"cut"
                declared_size = 2 * len(body)
            case Fault.EXCESS:
                declared_size, body = len(body), 2 * (body or b"more")
        self.send_response(response.status)
        kind = "application/x-protobuf" if request.is_protobuf and response.body is None else "application/json"
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(declared_size),
            **response.headers,
        }.items():
            self.send_header(name, value)
        if response.fault is Fault.DRIP:
            self.wfile = Dripping(self.wfile, self.server.faulty_server.hung)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or response.fault is not None

    def log_message(self, *_: object) -> None:
        """Log nothing."""
