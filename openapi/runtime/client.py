"""The low-level client: server address, API key, timeouts and connections."""

import ipaddress
import os
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from .bounds import MAX_RESPONSE_BYTES, MAX_RESPONSE_S, AsyncBoundedClient, BoundedClient, create

DEFAULT_HOST: Final = "https://use.kayba.ai"
DEFAULT_TIMEOUT_S: Final = 30.0

_DECIDES_THE_ROUTE: Final = frozenset({"mounts", "proxy", "proxies", "transport"})
"""Arguments of httpx that replace the route of `Client`."""


class Client:
    """Connections to one server, for any number of threads or for one event loop.

    Connections are opened on first use and kept. Leaving a `with` or `async with` block closes them, and so do
    `close()` and `aclose()`. A closed client opens new connections when it is used again.

    Attributes:
        base_url: The URL in front of the operations' paths, e.g. `https://use.kayba.ai/api`.
        raise_on_unexpected_status: If True, a status that the contract does not document raises `UnexpectedStatus`.
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
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        max_response_s: float = MAX_RESPONSE_S,
    ) -> None:
        """Create the client. It sends nothing and opens no connection.

        Args:
            base_url: The server's URL: its host, or a URL from a Kayba guide (`…/api`, `…/api/mlflow`), with or without
                a trailing slash. Default: `KAYBA_API_URL`, else `https://use.kayba.ai`.
            api_key: The API key, sent as a bearer token with every request. Default: `KAYBA_API_KEY`, else no key is
                sent.
            timeout: Seconds for opening a connection, for getting a free one, and for each read and write.
            headers: Additional headers for every request.
            raise_on_unexpected_status: If True, a status that the contract does not document raises `UnexpectedStatus`.
            httpx_args: Additional arguments of `httpx.Client` and `httpx.AsyncClient`, e.g. `verify` or `limits`. With
                `proxy`, requests to loopback go through that proxy, too; the proxies of the environment do not count
                for them.
            max_response_bytes: Size limit of a response, after decompression. A larger one raises `ResponseTooLarge`.
            max_response_s: Seconds that a request may take until the last byte of its response. A longer one raises
                `ResponseTooSlow`.

        Raises:
            ValueError: The URL is not the URL of an HTTP server, the key cannot be sent in a header, or a limit is not
                positive.
        """
        if max_response_bytes <= 0 or max_response_s <= 0:
            raise ValueError("max_response_bytes and max_response_s must be positive")
        self.base_url = _api_url(base_url or os.environ.get("KAYBA_API_URL") or DEFAULT_HOST)
        self.raise_on_unexpected_status = raise_on_unexpected_status
        self._options: dict[str, Any] = {
            "base_url": self.base_url,
            "auth": _bearer(api_key or os.environ.get("KAYBA_API_KEY") or None),
            "timeout": timeout,
            "headers": headers,
            **(_direct_to_loopback(self.base_url) if _DECIDES_THE_ROUTE.isdisjoint(httpx_args or {}) else {}),
            **(httpx_args or {}),
            "max_response_bytes": max_response_bytes,
            "max_response_s": max_response_s,
        }
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._async_client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of each part of a request."""
        return httpx.Timeout(self._options["timeout"])

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx client of synchronous calls, creating it on first use.

        Raises:
            httpx.ConnectError: A variable of the environment prevents it.
        """
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = create(BoundedClient, self._options)
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the httpx client of asynchronous calls. It belongs to the event loop that uses it first."""
        if self._async_client is None:
            with self._lock:
                if self._async_client is None:
                    self._async_client = create(AsyncBoundedClient, self._options)
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
    """Return the URL in front of the operations' paths, `{host}/api`, for every form of server URL."""
    try:
        url = httpx.URL(given.strip())
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.InvalidURL("no URL of an HTTP server")
    except (httpx.InvalidURL, UnicodeError):
        message = f"not the URL of an HTTP server: {given.rpartition('@')[2]!r}; use e.g. {DEFAULT_HOST!r}"
        raise ValueError(message) from None
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the server's URL must not contain credentials, a query or a fragment: remove them")
    path = url.path.rstrip("/")
    for mount in ("/api/mlflow", "/api"):
        path = path.removesuffix(mount)
    return str(url.copy_with(path=f"{path.rstrip('/')}/api"))


def _direct_to_loopback(base_url: str) -> dict[str, Any]:
    """Return httpx arguments that keep requests to this machine away from the proxies of the environment."""
    host = httpx.URL(base_url).host
    if not _is_loopback(host):
        return {}
    return {"mounts": {f"all://{f'[{host}]' if ':' in host else host}": None}}


def _is_loopback(host: str) -> bool:
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(name)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_unspecified


def _bearer(api_key: str | None) -> Callable[[httpx.Request], httpx.Request] | None:
    """Return a function that adds the key to a request, or None without a key.

    The key is added only when a request leaves, so no object that is printed or logged contains it before.
    """
    if api_key is None:
        return None
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("the API key cannot be sent: it is empty or contains characters other than printable ASCII")
    value = f"Bearer {key}"

    def authorize(request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = value
        return request

    return authorize
