"""Fixtures of the client's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.helpers.client_kinds import Subject

from kayba_api import _polling, _retries


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between attempts. Their length has its own tests."""
    monkeypatch.setattr(_retries, "INITIAL_DELAY_S", 0.001)
    monkeypatch.setattr(_polling, "INITIAL_PAUSE_S", 0.001)


@pytest.fixture(params=["sync", "async"])
def kayba(request: pytest.FixtureRequest, _quick: None) -> Iterator[Callable[..., Subject]]:
    """Return a factory of clients, sync and async in turn."""
    with ExitStack() as clients:
        yield lambda **settings: clients.enter_context(Subject(request.param == "async", **settings))
