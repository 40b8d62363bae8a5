# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""How to reach a server: where it is, which key, how long to wait."""

import os
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

DEFAULT_HOST = "https://use.kayba.ai"
DEFAULT_TIMEOUT_S = 30.0


class Client:
    """Connections to one server, for any number of threads or for one event loop.

    Connections are opened when first needed and kept. ``with`` and ``async with`` close them, and so do ``close()`` and
    ``aclose()``; a closed client opens new ones when it is used again.

    Attributes:
        base_url: Where the operations' paths start, e.g. ``https://use.kayba.ai/api``.
        raise_on_unexpected_status: Whether a status that the contract does not document raises ``UnexpectedStatus``.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
        raise_on_unexpected_status: bool = False,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is sent and no connection is opened.

        Args:
            base_url: The server: its host, or any URL that a Kayba guide gives for it (``…/api``, ``…/api/mlflow``), with
                or without a trailing slash. Default: ``KAYBA_API_URL``, else ``https://use.kayba.ai``.
            api_key: Sent as a bearer token with every request. Default: ``KAYBA_API_KEY``, else none is sent.
            timeout: Seconds to wait for a connection, for a free connection, and for each read and write.
            headers: Further headers for every request.
            raise_on_unexpected_status: Whether a status that the contract does not document raises ``UnexpectedStatus``.
            httpx_args: Further arguments for ``httpx.Client`` and ``httpx.AsyncClient``, e.g. ``verify`` or ``limits``.

        Raises:
            ValueError: The URL is not one of an HTTP server, or the key cannot be sent in a header.
        """
        self.base_url = _api_url(base_url or os.environ.get("KAYBA_API_URL") or DEFAULT_HOST)
        self.raise_on_unexpected_status = raise_on_unexpected_status
        self._options: dict[str, Any] = {
            "base_url": self.base_url,
            "auth": _bearer(api_key or os.environ.get("KAYBA_API_KEY") or None),
            "timeout": timeout,
            "headers": headers,
            **(httpx_args or {}),
        }
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._async_client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    @property
    def timeout(self) -> httpx.Timeout:
        """How long each part of a request may take."""
        return httpx.Timeout(self._options["timeout"])

    def get_httpx_client(self) -> httpx.Client:
        """The connections for synchronous calls."""
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = httpx.Client(**self._options)
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The connections for asynchronous calls. They belong to the event loop that uses them first."""
        if self._async_client is None:
            with self._lock:
                if self._async_client is None:
                    self._async_client = httpx.AsyncClient(**self._options)
        return self._async_client

    def close(self) -> None:
        """Close the connections of synchronous calls."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        """Close the connections of asynchronous calls."""
        with self._lock:
            client, self._async_client = self._async_client, None
        if client is not None:
            await client.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _api_url(given: str) -> str:
    """The URL that paths start from: ``{host}/api``, whichever form of it was given."""
    try:
        url = httpx.URL(given.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"not the URL of an HTTP server: {given.rpartition('@')[2]!r}; give e.g. {DEFAULT_HOST!r}")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("give the server's URL without credentials, query and fragment")
    path = url.path.rstrip("/")
    for mount in ("/api/mlflow", "/api"):
        path = path.removesuffix(mount)
    return str(url.copy_with(path=f"{path.rstrip('/')}/api"))


def _bearer(api_key: str | None) -> Callable[[httpx.Request], httpx.Request] | None:
    """What puts the key into a request as it leaves, so that no object that is printed or logged holds it before."""
    if api_key is None:
        return None
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("the API key cannot be sent: it is empty or has characters other than printable ASCII")
    value = f"Bearer {key}"

    def authorize(request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = value
        return request

    return authorize
