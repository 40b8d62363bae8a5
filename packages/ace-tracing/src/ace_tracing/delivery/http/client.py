"""The service's client: created on first use, with the facts remembered about the server."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

import httpx

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.http.deadline import seconds_left
from ace_tracing.delivery.http.proxies import find_proxy
from ace_tracing.delivery.http.transport import client_options
from ace_tracing.errors import ServiceError, ServiceTimeoutError
from ace_tracing.forks import renew_if_forked
from ace_tracing.native import RLock, get_ident, is_patched
from kayba_api import Client, ResponseTooLarge
from kayba_api.types import Response

R = TypeVar("R")

REQUEST_TIMEOUT_S: Final = 10.0
"""For connecting, and for each read and write. `time_limit` bounds the sum of all steps."""

OTLP_RETRY_S: Final = 3600.0
"""OTLP is tried again after this time on a server that did not accept it: the server may have been upgraded."""

MAX_MESSAGE_BYTES: Final = 500

MAX_REPLY_BYTES: Final = 1024 * 1024
"""The largest response to an export that is read, after decompression. A larger one fails the attempt."""

MAX_READ_BYTES: Final = 256 * 1024 * 1024
"""The largest response with traces that is read, after decompression: enough for a trace of 100,000 spans."""


class ResponseTooLargeError(ServiceError):
    """The response has more than `MAX_READ_BYTES`."""


_LARGE: Final = {"max_response_bytes": MAX_READ_BYTES}


class ServiceClient:
    """The client of one address with one API key.

    Args:
        base_url: The service's address, in any of the forms that `kayba_api.Client` accepts.
        api_key: The key sent with every request.

    Attributes:
        base_url: The service's address.
        experiment_ids: Ids of known experiments by name. An experiment's id never changes.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.experiment_ids: dict[str, str] = {}
        self._api_key = api_key
        self._clients: dict[int, Client] = {}
        # Re-entrant: a garbage collector's callback may use the client while this thread holds the lock.
        self._lock = RLock()
        self._requests_running = 0
        self._close_when_idle = False
        self._no_otlp_until: float | None = None

    @property
    def supports_otlp(self) -> bool:
        """Whether to send spans by OTLP: True unless `pause_otlp` was called in the last hour."""
        return self._no_otlp_until is None or monotonic() >= self._no_otlp_until

    def pause_otlp(self) -> None:
        """Stop using OTLP for one hour, after the server accepted a trace only as an artifact."""
        if self.supports_otlp:
            self._no_otlp_until = monotonic() + OTLP_RETRY_S

    def client(self) -> Client:
        """Return the client, creating it on first use: it reads the system's certificates, which is slow.

        Raises:
            httpx.ConnectError: The environment prevents it.
        """
        with self._lock:
            thread = connection_owner()
            if thread not in self._clients:
                try:
                    self._clients[thread] = Client(
                        base_url=self.base_url,
                        api_key=self._api_key,
                        timeout=REQUEST_TIMEOUT_S,
                        httpx_args=client_options(self.base_url),
                        max_response_bytes=MAX_REPLY_BYTES,
                    )
                except Exception as error:
                    raise httpx.ConnectError(f"no client can be created: {_describe(error)}") from error
            return self._clients[thread]

    def request(self, operation: Callable[..., Response[Any]], **arguments: Any) -> Response[Any]:
        """Call one operation of `kayba_api`.

        Args:
            operation: The operation's function.
            **arguments: The operation's arguments, without the client.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """
        renew_if_forked()
        with self._lock:
            self._requests_running += 1
        try:
            return operation(client=self.client(), **arguments)
        finally:
            self._end_request()

    def request_large(self, operation: Any, **arguments: Any) -> httpx.Response:
        """Call one operation of `kayba_api` whose response may contain whole traces.

        Args:
            operation: The operation's module in `kayba_api.api`.
            **arguments: The operation's arguments, without the client.

        Raises:
            httpx.HTTPError: No complete response arrived.
        """

        def send(client: Client) -> Any:
            request: dict[str, Any] = operation._get_kwargs(**arguments)
            return client.get_httpx_client().request(**request, extensions=_LARGE)

        return cast("httpx.Response", self.request(send))

    def call(self, operation: Callable[..., Response[Any]], **arguments: Any) -> Response[Any]:
        """Call one operation of `kayba_api` for a user who waits for the response.

        Args:
            operation: The operation's function.
            **arguments: The operation's arguments, without the client.

        Raises:
            ServiceError: The service cannot be reached.
        """
        try:
            return self.request(operation, **arguments)
        except Exception as error:
            raise ServiceError(f"{self.base_url} cannot be reached: {_describe(error)}") from error

    def fetch(self, operation: Any, silence_s: float, **arguments: Any) -> httpx.Response:
        """Send one request for a user who waits for the response, and return the response as it came.

        The deadline of `time_limit` applies, too.

        Args:
            operation: The operation's module in `kayba_api.api`.
            silence_s: The longest time without a byte of the response, in seconds.
            **arguments: The operation's arguments, without the client.

        Raises:
            ServiceTimeoutError: The response did not arrive in time.
            ResponseTooLargeError: The response is too large.
            ServiceError: The service cannot be reached.
        """
        renew_if_forked()
        with self._lock:
            self._requests_running += 1
        try:
            client = self.client().get_httpx_client()
            left = seconds_left()
            limit = silence_s if left is None else min(silence_s, left)
            if limit <= 0:
                raise httpx.PoolTimeout("no time is left for a request")
            timeout = httpx.Timeout(limit, connect=min(limit, REQUEST_TIMEOUT_S))
            # The operation's function parses the response into models, which takes ten times as long as JSON itself.
            request = operation._get_kwargs(**arguments)
            response: httpx.Response = client.request(**request, timeout=timeout, extensions=_LARGE)
            return response
        except ResponseTooLarge as error:
            raise ResponseTooLargeError(f"{self.base_url} sent too much: {error}. Read fewer traces at once") from error
        except httpx.TimeoutException as error:
            message = f"No complete response from {self.base_url} in time: {_describe(error)}"
            raise ServiceTimeoutError(message) from error
        except Exception as error:
            raise ServiceError(f"{self.base_url} cannot be reached: {_describe(error)}") from error
        finally:
            self._end_request()

    def expect(self, response: Response[Any], kind: type[R]) -> R:
        """Return the response's content if it has the expected type.

        Args:
            response: The response of an operation.
            kind: The expected type of its parsed content.

        Raises:
            ServiceError: The content has another type. The message contains the service's message.
        """
        if isinstance(response.parsed, kind):
            return response.parsed
        message = getattr(response.parsed, "message", None)
        raise self.refusal(int(response.status_code), message or response.content)

    def refusal(self, status: int, message: str | bytes) -> ServiceError:
        """Return the error for a response that is not the expected one.

        Args:
            status: The response's HTTP status.
            message: The service's message, or the body of a response without one.
        """
        text = message if isinstance(message, str) else message[:MAX_MESSAGE_BYTES].decode(errors="replace")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            text = f"the API key was not accepted ({text})"
        return ServiceError(f"{self.base_url} responded with HTTP {status}: {text}{self.proxy_note}", status)

    @property
    def proxy_note(self) -> str:
        """A note about the proxy for the message of a failed request; empty without a proxy."""
        proxy = find_proxy(self.base_url)
        return "" if proxy is None else f" (through {proxy})"

    def close(self) -> None:
        """Close the connections. A later request opens new ones.

        While a request runs in another thread, that thread closes them when it is done: closing a socket does not wake
        a thread that reads from it, and the socket's number may by then belong to another file.
        """
        with self._lock:
            self._close_when_idle = self._requests_running > 0
            client = self._clients.get(connection_owner())
            if client is not None and not self._requests_running:
                client.close()

    def reset_after_fork(self) -> None:
        """Drop the connections that a forked child shares with its parent."""
        self._clients = {}
        self._lock = RLock()
        self._requests_running = 0
        self._close_when_idle = False

    def _end_request(self) -> None:
        with self._lock:
            self._requests_running -= 1
            if self._close_when_idle:
                self.close()


def connection_owner() -> int:
    """Return the thread whose connections a request uses; 0 for the connections that all threads share.

    The sockets of gevent and eventlet belong to the event loop of one thread.
    """
    return get_ident() if is_patched() else 0


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
