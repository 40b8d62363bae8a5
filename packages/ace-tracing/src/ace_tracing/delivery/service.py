"""The service that traces go to: one lazily made client, how a call of it ends, and what is remembered about it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from ace_tracing.errors import ServiceError

if TYPE_CHECKING:
    from kayba_api import Client
    from kayba_api.types import Response

R = TypeVar("R")

REQUEST_TIMEOUT_S = 10.0
DEFAULT_EXPERIMENT_ID = "0"


class Service:
    """One address with one key.

    Args:
        base_url: the service's address, in any of the forms that `kayba_api.Client` takes.
        api_key: the key sent with every request.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self._api_key = api_key
        self._client: Client | None = None
        self._making = threading.Lock()
        self.experiment_ids: dict[str, str] = {}
        """Ids of experiments by name, as far as they are known: an experiment keeps its id."""

    def client(self) -> Client:
        """The client, made when it is first needed: it takes httpx with it, which is slow to import."""
        with self._making:
            if self._client is None:
                from kayba_api import Client

                self._client = Client(base_url=self.base_url, api_key=self._api_key, timeout=REQUEST_TIMEOUT_S)
            return self._client

    def call(self, operation: Callable[..., Response[Any]], **arguments: Any) -> Response[Any]:
        """Carry out one operation of `kayba_api`, given its function and arguments.

        Raises:
            ServiceError: the service cannot be reached.
        """
        import httpx

        try:
            return operation(client=self.client(), **arguments)
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
        """Close connections; a later call opens new ones."""
        with self._making:
            if self._client is not None:
                self._client.close()

    def reset_after_fork(self) -> None:
        """Let go of connections that a forked child shares with its parent."""
        self._client = None
        self._making = threading.Lock()
