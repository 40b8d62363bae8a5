"""How a service is connected to: with a bound on a whole attempt, and no more preparation than the address needs.

httpx bounds each single read and write. A server that sends a byte every nine seconds would so keep the sender for
hours; here each of them gets no more than what is left of the attempt.

How long one attempt to deliver may take as a whole, however many requests it is made of.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

WRITE_BYTES = 64 * 1024
"""Written at once: what is left is looked at after each."""

KEEPALIVE_S = 30.0
MAX_CONNECTIONS = 20


def options_for(base_url: str) -> dict[str, Any]:
    """Arguments of `httpx.Client` for requests to one address."""
    # To read the system's certificates takes longer than a dozen requests; without TLS there is nothing to verify.
    context = httpx.create_ssl_context(verify=base_url.strip().lower().startswith("https:"))
    # As a mount, and not as the transport, so that proxies set by the environment are still used.
    return {"verify": context, "mounts": {"all://": _Transport(context)}}


class _Transport(httpx.BaseTransport):
    """Direct connections whose every read and write ends with the attempt that it belongs to."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_Network(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of the answer."""
        url = request.url
        with _errors_of_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The rest of an answer."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        """Give the connection back."""
        self._answer.close()


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Raise what httpx raises, whose errors have the names of httpcore's."""
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


class _Network(httpcore.NetworkBackend):
    """Plain sockets, with timeouts that never exceed what is left of the attempt."""

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
        bounded = _bounded(timeout, httpcore.ConnectTimeout)
        return _Stream(self._sockets.connect_tcp(host, port, bounded, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_BYTES):
            self._stream.write(buffer[start : start + WRITE_BYTES], _bounded(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        bounded = _bounded(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, bounded))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _bounded(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
    """The timeout of one step: what was asked for, or what is left of the attempt.

    Raises:
        TimeoutException: of the kind of the step; nothing is left.
    """
    left = seconds_left()
    if left is not None and left <= 0:
        raise too_late("the whole took too long")
    if left is None or timeout is None:
        return timeout if left is None else left
    return min(timeout, left)


_deadline: ContextVar[float | None] = ContextVar("ace_tracing_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no request that is made in this block, in this context, go on once so much time has passed.

    Inside of another, the one that is over first counts.
    """
    outer = _deadline.get()
    deadline = time.monotonic() + seconds
    token = _deadline.set(deadline if outer is None else min(outer, deadline))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """What is left of the innermost `within`; negative when it is over, None outside of any."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()
