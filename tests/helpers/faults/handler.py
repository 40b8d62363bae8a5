"""How a faulty server carries out an answer on a connection."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.helpers.faults.responses import FakeResponse, Fault, Request

if TYPE_CHECKING:
    from tests.helpers.faulty_server import FaultyServer

DRIP_S = 0.2
LONGEST_STALL_S = 600.0
WITHOUT_BODY = (204, 304)


class Listener(ThreadingHTTPServer):
    """Takes connections on a port of loopback, and hands each request to a FaultyServer."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, told: FaultyServer) -> None:
        self.told = told
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: object) -> None:
        """Only close: a shutdown before it would turn a reset into an ordinary end."""
        self.close_request(request)  # type: ignore[arg-type] # typeshed also knows datagrams

    def handle_error(self, *_: object) -> None:
        """A client that hung up is part of the test."""

    def stop(self) -> None:
        """Take no more connections, and break off those that are open."""
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join()


class Dripping(io.BufferedIOBase):
    """Writes byte by byte, with pauses until `released` is set."""

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
    """Answers one connection's requests as told."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = Request(self.command, self.path, dict(self.headers), body)
        told = self.server.told
        answer = told.take(request)
        if answer.fault is Fault.STALL:
            told.hung.wait(LONGEST_STALL_S)
        told.keep(request, answer)
        match answer.fault:
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
                self._answer(request, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names of http.server

    def _answer(self, request: Request, answer: FakeResponse) -> None:
        body = b"" if answer.status in WITHOUT_BODY else answer.body_for(request)
        promised = len(body)
        match answer.fault:
            case Fault.CUT:
                body = body or b"cut"
                promised = 2 * len(body)
            case Fault.EXCESS:
                promised, body = len(body), 2 * (body or b"more")
        self.send_response(answer.status)
        kind = "application/x-protobuf" if request.is_protobuf and answer.body is None else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(promised), **answer.headers}.items():
            self.send_header(name, value)
        if answer.fault is Fault.DRIP:
            self.wfile = Dripping(self.wfile, self.server.told.hung)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or answer.fault is not None

    def log_message(self, *_: object) -> None:
        """Quiet."""
