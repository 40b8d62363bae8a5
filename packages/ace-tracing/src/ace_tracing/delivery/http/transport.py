"""The httpx transport: connections whose reads and writes end at the deadline of the whole attempt.

httpx limits each read and write separately, so a server that sends one byte every nine seconds could hold the worker
for hours. Here each read and write gets at most the time left until the deadline.
"""

from __future__ import annotations

# Imported for `socket.getaddrinfo`, which otherwise imports it on the worker's thread.
import encodings.idna  # noqa: F401
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore
import httpx

from ace_tracing.delivery.http.deadline import seconds_left

WRITE_BYTES: Final = 64 * 1024
"""Bytes per write. The deadline is checked before each."""

KEEPALIVE_S: Final = 30.0
MAX_CONNECTIONS: Final = 20


def client_options(base_url: str) -> dict[str, Any]:
    """Return the arguments of `httpx.Client` for requests to one address."""
    # Reading the system's certificates takes longer than a dozen requests; without TLS there is nothing to verify.
    context = httpx.create_ssl_context(verify=base_url.strip().lower().startswith("https:"))
    # A mount, not the client's transport: httpx then still uses proxies from the environment.
    return {"verify": context, "mounts": {"all://": _Transport(context)}}


class _Transport(httpx.BaseTransport):
    """Direct connections whose reads and writes end at the deadline."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_NetworkBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the response's status and headers."""
        url = request.url
        with _map_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_ResponseBody(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _ResponseBody(httpx.SyncByteStream):
    """The body of a response, read from the connection."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _map_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        """Return the connection to the pool."""
        self._response.close()


@contextmanager
def _map_errors() -> Iterator[None]:
    """Raise each httpcore error as the httpx error of the same name."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error


class _NetworkBackend(httpcore.NetworkBackend):
    """Plain sockets whose timeouts never exceed the time left."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        step_timeout = _step_timeout(timeout, httpcore.ConnectTimeout)
        return _NetworkStream(self._sockets.connect_tcp(host, port, step_timeout, local_address, socket_options))


class _NetworkStream(httpcore.NetworkStream):
    """One connection whose timeouts never exceed the time left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _step_timeout(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_BYTES):
            self._stream.write(buffer[start : start + WRITE_BYTES], _step_timeout(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        step_timeout = _step_timeout(timeout, httpcore.ConnectTimeout)
        return _NetworkStream(self._stream.start_tls(ssl_context, server_hostname, step_timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _step_timeout(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """Return the timeout of one step: the requested one, or the time left if that is less.

    Args:
        timeout: The requested timeout in seconds. None for no limit.
        error: The error to raise when no time is left.

    Raises:
        TimeoutException: No time is left. The error has the type `error`.
    """
    left = seconds_left()
    if left is not None and left <= 0:
        raise error("the attempt took too long")
    if left is None or timeout is None:
        return timeout if left is None else left
    return min(timeout, left)
