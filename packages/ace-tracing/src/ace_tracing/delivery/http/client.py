"""The service that traces go to: one lazily made client, how a call of it ends, and what is remembered about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from ace_tracing.errors import ServiceError

if TYPE_CHECKING:
    from kayba_api import Client
    from kayba_api.types import Response

R = TypeVar("R")

REQUEST_TIMEOUT_S = 10.0
"""For a connection, and for each read and write; `deadline` bounds the whole of them."""

ASK_AGAIN_S = 3600.0
"""How long a server that could not take OTLP is not asked again: it may have been replaced by a newer one."""

DEFAULT_EXPERIMENT_ID = "0"


class ServiceClient:
    """One address with one key.

    Args:
        base_url: the service's address, in any of the forms that `kayba_api.Client` takes.
        api_key: the key sent with every request.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self._api_key = api_key
        self._client: Client | None = None
        # Re-entrant: a garbage collector's callback inside it may ask the service something.
        self._making = threading.RLock()
        self._in_use = 0
        self._close_when_idle = False
        self.experiment_ids: dict[str, str] = {}
        """Ids of experiments by name, as far as they are known: an experiment keeps its id."""
        self._no_otlp_until: float | None = None

    @property
    def takes_otlp(self) -> bool:
        """Whether spans can be sent by OTLP, as far as is known: so it is assumed until `without_otlp` was called."""
        return self._no_otlp_until is None or time.monotonic() >= self._no_otlp_until

    def without_otlp(self) -> None:
        """Remember, for an hour, that the server has taken a trace which it could not take by OTLP."""
        if self.takes_otlp:
            self._no_otlp_until = time.monotonic() + ASK_AGAIN_S

    def client(self) -> Client:
        """The client, made when it is first needed: it takes httpx with it, which is slow to import."""
        with self._making:
            if self._client is None:
                from ace_tracing.delivery.http.transport import options_for
                from kayba_api import Client

                self._client = Client(
                    base_url=self.base_url,
                    api_key=self._api_key,
                    timeout=REQUEST_TIMEOUT_S,
                    httpx_args=options_for(self.base_url),
                )
            return self._client

    def request(self, operation: Callable[..., Response[Any]], **arguments: Any) -> Response[Any]:
        """Carry out one operation of `kayba_api`, given its function and arguments.

        Raises:
            httpx.HTTPError: there was no whole answer.
        """
        with self._making:
            client = self.client()
            self._in_use += 1
        try:
            return operation(client=client, **arguments)
        finally:
            with self._making:
                self._in_use -= 1
                if self._close_when_idle:
                    self.close()

    def call(self, operation: Callable[..., Response[Any]], **arguments: Any) -> Response[Any]:
        """Carry out one operation of `kayba_api` for a caller who waits for the answer.

        Raises:
            ServiceError: the service cannot be reached.
        """
        import httpx

        try:
            return self.request(operation, **arguments)
        except httpx.HTTPError as error:
            raise ServiceError(f"{self.base_url} cannot be reached: {type(error).__name__}: {error}") from error

    def expect(self, response: Response[Any], kind: type[R]) -> R:
        """Give the answer hoped for.

        Raises:
            ServiceError: it is another one; the message says what the service said.
        """
        if isinstance(response.parsed, kind):
            return response.parsed
        status = int(response.status_code)
        said = getattr(response.parsed, "message", None) or response.content[:500].decode(errors="replace")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            said = f"the API key was not accepted ({said})"
        raise ServiceError(f"{self.base_url} answered {status}: {said}", status)

    def close(self) -> None:
        """Close connections; a later call opens new ones.

        While another thread waits for an answer, that is left to it: a socket that is closed under a thread which reads
        from it does not wake that thread, and its number may be another file's by then.
        """
        with self._making:
            self._close_when_idle = self._in_use > 0
            if self._client is not None and not self._in_use:
                self._client.close()

    def reset_after_fork(self) -> None:
        """Let go of connections that a forked child shares with its parent."""
        self._client = None
        self._making = threading.RLock()
        self._in_use = 0
        self._close_when_idle = False
