"""The pytest fixture ``kayba_server``; registered by installing the package, loaded only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kayba_local.server import LocalServer


@pytest.fixture
def kayba_server() -> Iterator[LocalServer]:
    """A running Kayba with an empty store of its own; see `kayba_local.serve` for one with other arguments."""
    from kayba_local.server import LocalServer

    server = LocalServer("127.0.0.1", 0, None, None, mock=False)
    yield server
    # Not waited for: it ends its requests and removes its store while the next test runs.
    server.stop(wait=False)
