"""What the tests of the client may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.helpers.client_kinds import Subject

from kayba_api.runtime import retries, waiting


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts that take no time; how long they are is tested by itself."""
    monkeypatch.setattr(retries, "FIRST_DELAY_S", 0.001)
    monkeypatch.setattr(waiting, "FIRST_PAUSE_S", 0.001)


@pytest.fixture(params=["sync", "async"])
def kayba(request: pytest.FixtureRequest, _quick: None) -> Iterator[Callable[..., Subject]]:
    """Makes clients, of both kinds in turn."""
    with ExitStack() as clients:
        yield lambda **settings: clients.enter_context(Subject(request.param == "async", **settings))
