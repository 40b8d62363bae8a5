"""The httpx transport: connections whose reads and writes end at the deadline of the whole attempt.

httpx limits each read and write separately, so a server that sends one byte every nine seconds could hold the worker
for hours. Here each read and write gets at most the time left until the deadline, also through a proxy.

A proxy or certificates that cannot be used fail the request, and not the client: the traces are kept meanwhile.
"""

from __future__ import annotations

# Imported for `socket.getaddrinfo`, which otherwise imports it on the worker's thread.
import encodings.idna  # noqa: F401
import logging
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import httpcore
import httpx

from ace_tracing.delivery.descriptors import identify
from ace_tracing.delivery.fork import no_fork
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.environment import NO_FILES, TlsFiles, advice_for, make_tls_context
from ace_tracing.delivery.http.proxies import Proxy, find_proxy

WRITE_BYTES: Final = 64 * 1024
"""Bytes per write. The deadline is checked before each."""

KEEPALIVE_S: Final = 30.0
MAX_CONNECTIONS: Final = 20


def client_options(base_url: str, files: TlsFiles = NO_FILES) -> dict[str, Any]:
    """Return the arguments of `httpx.Client` for requests to one address.

    Args:
        base_url: The address.
        files: The files of certificates for TLS.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_drop_own_records)
    # `trust_env` would add httpx's own transports, which have no deadline, for the proxies of the environment.
    return {"transport": _Transport(base_url, find_proxy(base_url), files), "trust_env": False}


class _Latest(threading.local):
    """The requests of one thread.

    Attributes:
        url: The address of the latest request that was sent by this module.
        depth: How many blocks are entered in which a request is sent or its response is read.
    """

    url: httpx.URL | None = None
    depth = 0


_latest: Final = _Latest()
_LOGGERS: Final = ("httpx", *(f"httpcore.{name}" for name in ("connection", "http11", "proxy", "socks")))


def _drop_own_records(record: logging.LogRecord) -> bool:
    """Return False for a record about a request of this package: a filter of the loggers of httpx and httpcore.

    httpx logs the very object that the transport has received, in the same thread.
    """
    if _latest.depth:
        return False
    url = _latest.url
    return url is None or not isinstance(record.args, tuple) or not any(argument is url for argument in record.args)


class _Transport(httpx.BaseTransport):
    """Connections to one address whose reads and writes end at the deadline.

    Args:
        base_url: The address.
        proxy: The proxy on the way to it. None for direct connections.
        files: The files of certificates for TLS.
    """

    def __init__(self, base_url: str, proxy: Proxy | None, files: TlsFiles) -> None:
        self._files = files
        # Reading the certificates takes longer than a dozen requests.
        urls = (base_url.strip().lower(), proxy.url if proxy else "")
        self._uses_tls = any(url.startswith("https:") for url in urls)
        self._proxy = proxy
        self._pool: httpcore.ConnectionPool | None = None
        with suppress(httpx.TransportError):
            self._pool = self._open_pool()

    def _open_pool(self) -> httpcore.ConnectionPool:
        context = None
        if self._uses_tls:
            # A child that is forked meanwhile would inherit OpenSSL's locks held, and hang at its own first request.
            with no_fork():
                context = make_tls_context(self._files)
        try:
            return _make_pool(context, self._proxy)
        except Exception as error:
            raise httpx.ProxyError(f"{self._proxy} cannot be used: {error}") from error

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the response's status and headers.

        Raises:
            httpx.TransportError: No response arrived. The message contains the proxy, if there is one.
        """
        url = _latest.url = request.url
        if self._pool is None:
            self._pool = self._open_pool()
        with _map_errors(self._proxy):
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
            response.status,
            headers=response.headers,
            stream=_ResponseBody(response, self._proxy),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            with _map_errors(self._proxy):
                self._pool.close()


def _make_pool(context: ssl.SSLContext | None, proxy: Proxy | None) -> httpcore.ConnectionPool:
    """Return the pool of connections, direct or through a proxy.

    Raises:
        Exception: The proxy's address is invalid, or its scheme is not supported.
    """
    options: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": MAX_CONNECTIONS,
        "keepalive_expiry": KEEPALIVE_S,
        "network_backend": _NetworkBackend(),
    }
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    options |= {"proxy_url": proxy.url, "proxy_auth": proxy.user_and_password}
    proxy.check()
    if proxy.parts.scheme in ("socks5", "socks5h"):
        return httpcore.SOCKSProxy(**options)
    if proxy.parts.scheme == "https":
        options["proxy_ssl_context"] = context
    return httpcore.HTTPProxy(**options)


class _ResponseBody(httpx.SyncByteStream):
    """The body of a response, read from the connection."""

    def __init__(self, response: httpcore.Response, proxy: Proxy | None) -> None:
        self._response = response
        self._proxy = proxy

    def __iter__(self) -> Iterator[bytes]:
        with _map_errors(self._proxy):
            yield from self._response.iter_stream()

    def close(self) -> None:
        """Return the connection to the pool."""
        with _map_errors(self._proxy):
            self._response.close()


@contextmanager
def _map_errors(proxy: Proxy | None) -> Iterator[None]:
    """Raise each httpcore error as the httpx error of the same name, with the proxy in its message; log nothing.

    Any other exception is raised as a `TransportError`: a full table of open files, a host name that cannot be encoded.
    """
    _latest.depth += 1
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        message = str(error) if proxy is None else f"{error} (through {proxy})"
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(message + advice_for(error)) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}" + ("" if proxy is None else f" (through {proxy})")
        raise httpx.TransportError(message + advice_for(error)) from error
    finally:
        _latest.depth -= 1


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
    """One connection whose timeouts never exceed the time left, and which never uses another file's number."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self._identity = identify(self._socket.fileno())

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._check(httpcore.ReadError)
        return self._stream.read(max_bytes, _step_timeout(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_BYTES):
            self._check(httpcore.WriteError)
            self._stream.write(buffer[start : start + WRITE_BYTES], _step_timeout(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        step_timeout = _step_timeout(timeout, httpcore.ConnectTimeout)
        return _NetworkStream(self._stream.start_tls(ssl_context, server_hostname, step_timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._is_lost()
        self._stream.close()

    def _check(self, error: type[httpcore.NetworkError]) -> None:
        if self._is_lost():
            raise error("other code of this process closed the connection")

    def _is_lost(self) -> bool:
        """Return whether other code closed the socket by its number, and give up the number, which may be reused."""
        if self._identity is None or identify(self._socket.fileno()) == self._identity:
            return False
        self._socket.detach()
        return True


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
