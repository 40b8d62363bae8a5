# Copied from openapi/runtime by `hatch run generate`; do not edit.
"""Bounds: httpx clients whose responses have a limited size and a limited duration.

httpx limits neither: a response without an end fills the memory, one that drips never ends, and a few compressed bytes
become gigabytes. So the body is decompressed here, in pieces, and counted.
"""

import os
import re
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.request import getproxies

import httpx

from .unexpected import ResponseTooLarge, ResponseTooSlow

C = TypeVar("C")

MAX_RESPONSE_BYTES: Final = 256 * 1024 * 1024
"""Default size limit of a response, after decompression."""
MAX_RESPONSE_S: Final = 600.0
"""Default time limit of a request, from its start to the last byte of its response."""
SIZE_EXTENSION: Final = "max_response_bytes"
"""The extension of a request that sets the size limit of its response."""

_PIECE_BYTES: Final = 256 * 1024
_ENCODINGS: Final = ("gzip", "deflate")
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS + 32
_FILES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


class _Body:
    """The bytes of one response, decompressed and counted.

    Args:
        response: The response, unread.
        max_bytes: The size limit.
        max_s: The time limit.
        started: The start of the request, by `now`.
    """

    # Libraries that freeze the time in tests replace the functions in modules, but not those in classes.
    now = staticmethod(time.monotonic)

    def __init__(self, response: httpx.Response, max_bytes: int, max_s: float, started: float) -> None:
        encoding = response.headers.get("Content-Encoding", "").strip().lower().removeprefix("x-")
        if encoding not in ("", "identity", *_ENCODINGS):
            message = f"the response has the encoding {encoding!r}, which was not requested"
            raise httpx.DecodingError(message, request=response.request)
        self._max_bytes = response.request.extensions.get(SIZE_EXTENSION, max_bytes)
        self._max_s = max_s
        self._started = started
        self._bytes = 0
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding in _ENCODINGS else None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield the content of bytes of the response.

        Raises:
            ResponseTooLarge: The content is larger than the limit.
            ResponseTooSlow: The request takes longer than the limit.
            DecodingError: The bytes cannot be decompressed.
        """
        if self.now() - self._started > self._max_s:
            raise ResponseTooSlow(f"the response was not complete after {self._max_s:g} s")
        if self._decompressor is None:
            yield self._count(data)
            return
        while data and not self._decompressor.eof:
            try:
                piece = self._decompressor.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            data = self._decompressor.unconsumed_tail
            yield self._count(piece)

    def rest(self) -> bytes:
        """Return the content that is left at the end."""
        return b"" if self._decompressor is None else self._count(self._decompressor.flush())

    def _count(self, content: bytes) -> bytes:
        self._bytes += len(content)
        if self._bytes > self._max_bytes:
            raise ResponseTooLarge(f"the response has more than {self._max_bytes} bytes")
        return content


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, body: _Body) -> None:
        self._stream = stream
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            yield from self._body.pieces(data)
        yield self._body.rest()

    def close(self) -> None:
        self._stream.close()


class _AsyncBoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, body: _Body) -> None:
        self._stream = stream
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            for piece in self._body.pieces(data):
                yield piece
        yield self._body.rest()

    async def aclose(self) -> None:
        await self._stream.aclose()


class BoundedClient(httpx.Client):
    """A client on the caller's thread.

    Args:
        max_response_bytes: Size limit of a response, after decompression.
        max_response_s: Time limit of a request, in seconds.
        **options: The arguments of `httpx.Client`.
    """

    def __init__(self, *, max_response_bytes: int, max_response_s: float, **options: Any) -> None:
        options["headers"] = _accept_known_encodings(options.get("headers"))
        super().__init__(**options)
        self._limits = max_response_bytes, max_response_s

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request, as `httpx.Client.send` does, and bound its response."""
        started = _Body.now()
        with _map_errors(request):
            response = super().send(request, stream=True, **options)
        if response.is_closed:
            return response
        encoding = response.headers.get("Content-Encoding")
        try:
            with _map_errors(request):
                body = _Body(response, *self._limits, started)
                assert isinstance(response.stream, httpx.SyncByteStream)
                response.stream = _BoundedStream(response.stream, body)
                # httpx would decompress the content again.
                response.headers.pop("Content-Encoding", None)
                if not stream:
                    response.read()
        except BaseException:
            response.close()
            raise
        if encoding is not None and not stream:
            response.headers["Content-Encoding"] = encoding
        return response


class AsyncBoundedClient(httpx.AsyncClient):
    """A client in an event loop, with the arguments of `BoundedClient`."""

    def __init__(self, *, max_response_bytes: int, max_response_s: float, **options: Any) -> None:
        options["headers"] = _accept_known_encodings(options.get("headers"))
        super().__init__(**options)
        self._limits = max_response_bytes, max_response_s

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request, as `httpx.AsyncClient.send` does, and bound its response."""
        started = _Body.now()
        with _map_errors(request):
            response = await super().send(request, stream=True, **options)
        if response.is_closed:
            return response
        encoding = response.headers.get("Content-Encoding")
        try:
            with _map_errors(request):
                body = _Body(response, *self._limits, started)
                assert isinstance(response.stream, httpx.AsyncByteStream)
                response.stream = _AsyncBoundedStream(response.stream, body)
                # httpx would decompress the content again.
                response.headers.pop("Content-Encoding", None)
                if not stream:
                    await response.aread()
        except BaseException:
            await response.aclose()
            raise
        if encoding is not None and not stream:
            response.headers["Content-Encoding"] = encoding
        return response


def create(kind: Callable[..., C], options: Mapping[str, Any]) -> C:
    """Return a client of httpx.

    Args:
        kind: Its class.
        options: The arguments of the class, with `base_url`.

    Raises:
        httpx.ConnectError: A variable of the environment prevents it. The message contains the variables to check.
    """
    try:
        return kind(**options)
    except (OSError, ValueError, ImportError, RuntimeError, MemoryError, httpx.InvalidURL) as error:
        request = httpx.Request("GET", options["base_url"])
        raise httpx.ConnectError(f"no connection can be set up: {_describe(error)}", request=request) from error


@contextmanager
def _map_errors(request: httpx.Request) -> Iterator[None]:
    """Raise errors of the environment, such as a host that cannot be encoded, as httpx's error of a connection."""
    try:
        yield
    except (OSError, UnicodeError, ImportError, MemoryError) as error:
        raise httpx.ConnectError(f"{type(error).__name__}: {error}", request=request) from error


def _accept_known_encodings(headers: Any) -> httpx.Headers:
    """Return headers that request only encodings whose size can be bounded."""
    accepted = httpx.Headers({"Accept-Encoding": ", ".join(_ENCODINGS)})
    accepted.update(headers)
    return accepted


def proxy_variables() -> dict[str, str]:
    """Return the variables of the environment for proxies that are set, with their values."""
    return {f"{name.upper()}_PROXY": value for name, value in getproxies().items() if value}


def _describe(error: Exception) -> str:
    """Return an error with the variables that may cause it, without the passwords of proxies."""
    text = f"{type(error).__name__}: {error}"
    proxies = proxy_variables()
    for value in proxies.values():
        for secret in filter(None, re.split("[:@/]", value.partition("://")[2].rpartition("@")[0])):
            text = text.replace(secret, "…")
    variables = sorted([*proxies, *(name for name in _FILES if os.environ.get(name))])
    return f"{text}; check {', '.join(variables)}" if variables else text
