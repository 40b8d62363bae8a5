"""Fixture of an HTTP client of the server under test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from kayba_local import LocalServer


@pytest.fixture
def http(kayba_server: LocalServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=kayba_server.url) as client:
        yield client
