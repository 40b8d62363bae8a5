"""A small HTTP proxy and a small TLS server, on loopback, both in front of another server on loopback."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

TLS_FOLDER: Final = Path(__file__).parent / "tls"
CA_FILE: Final = TLS_FOLDER / "ca.pem"
"""The certificate of the authority that has signed the TLS server's one."""
CLIENT_FILE: Final = TLS_FOLDER / "client.pem"
"""A client's certificate, which it has signed itself, and its key."""

HOST: Final = b"Host: localhost"
"""Sent in place of the tested host: kayba-local accepts only hosts of loopback."""

_BYTES: Final = 65_536


class LoopbackProxy(socketserver.ThreadingTCPServer):
    """A running proxy, which connects every host to one port of loopback.

    Args:
        upstream_port: The port that all hosts stand for.
        status: The status with which the proxy responds itself. None forwards requests.

    Attributes:
        seen: The first line of each request and its `Proxy-Authorization` header.
    """

    daemon_threads = True

    def __init__(self, upstream_port: int, status: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.upstream_port = upstream_port
        self.status = status
        self.seen: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that the client has closed."""


class _ProxyHandler(socketserver.BaseRequestHandler):
    server: LoopbackProxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self.request.recv(_BYTES)
            if not chunk:
                return
            head += chunk
        head, _, body = head.partition(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        fields = dict(header.lower().split(": ", 1) for header in headers)
        self.server.seen.append((line, fields.get("proxy-authorization", "")))
        if self.server.status is not None:
            self.request.sendall(f"HTTP/1.1 {self.server.status}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        method, target, version = line.split(" ")
        with socket.create_connection(("127.0.0.1", self.server.upstream_port)) as upstream:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = "/" + target.split("/", 3)[3]
                kept = [
                    header for header in headers if not header.lower().startswith(("proxy-", "connection:", "host:"))
                ]
                lines = [f"{method} {path} {version}", HOST.decode(), *kept, "Connection: close", "", ""]
                upstream.sendall("\r\n".join(lines).encode("latin-1") + body)
            _pump(self.request, upstream)


class _TlsServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, upstream_port: int, *, requires_client: bool) -> None:
        super().__init__(("127.0.0.1", 0), _TlsHandler)
        self.upstream_port = upstream_port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(TLS_FOLDER / "server.pem")
        if requires_client:
            self.context.load_verify_locations(CLIENT_FILE)
            self.context.verify_mode = ssl.CERT_REQUIRED

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that do not trust the certificate."""


class _TlsHandler(socketserver.BaseRequestHandler):
    server: _TlsServer

    def handle(self) -> None:
        with (
            self.server.context.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self.server.upstream_port)) as upstream,
        ):
            _pump(client, upstream)


def _pump(first: socket.socket, second: socket.socket) -> None:
    """Copy bytes in both directions until one side closes the connection."""
    with contextlib.suppress(OSError):
        while True:
            for source in select.select([first, second], [], [])[0]:
                chunk = source.recv(_BYTES)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    chunk += source.recv(_BYTES)
                if not chunk:
                    return
                chunk = chunk.replace(b"Host: kayba.test", HOST)
                (second if source is first else first).sendall(chunk)


@contextlib.contextmanager
def _serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def proxy_server(upstream_port: int, status: str | None = None) -> Iterator[LoopbackProxy]:
    """Run a proxy that connects every host to one port of loopback.

    Args:
        upstream_port: The port.
        status: The status with which the proxy responds itself, such as `"407 Proxy Authentication Required"`.
    """
    with _serving(LoopbackProxy(upstream_port, status)) as server:
        yield server


@contextlib.contextmanager
def tls_server(upstream_port: int, *, requires_client: bool = False) -> Iterator[int]:
    """Run a TLS server for `localhost`, `127.0.0.1` and `kayba.test`, and yield its port.

    Args:
        upstream_port: The port of the server behind it.
        requires_client: Whether it requires a certificate of the client: that of `CLIENT_FILE`.
    """
    with _serving(_TlsServer(upstream_port, requires_client=requires_client)) as server:
        yield server.server_address[1]
