"""The service that traces go to: one lazily made client, and what is remembered about it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kayba_api import Client

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

    def close(self) -> None:
        """Close connections; a later call opens new ones."""
        with self._making:
            if self._client is not None:
                self._client.close()

    def reset_after_fork(self) -> None:
        """Let go of connections that a forked child shares with its parent."""
        self._client = None
        self._making = threading.Lock()
