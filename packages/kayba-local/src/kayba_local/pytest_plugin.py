"""Pytest plugin with the fixture `kayba_server`; installing the package registers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kayba_local.server import LocalServer


@pytest.fixture
def kayba_server() -> Iterator[LocalServer]:
    """A running server with its own empty store. For other arguments use `kayba_local.serve`."""
    from kayba_local.server import LocalServer

    server = LocalServer("127.0.0.1", 0, None, None, mock=False)
    yield server
    # No wait: the server ends its requests and removes its store while the next test runs.
    server.stop(wait=False)
