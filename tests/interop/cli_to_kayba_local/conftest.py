"""Fixtures: the published command, and a new kayba-local for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.interop.published_cli import Cli, install

import kayba_local
from kayba_local import LocalServer

API_KEY: Final = "kb-cli"


@pytest.fixture(scope="session")
def kayba_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the published command and return its path."""
    return install(tmp_path_factory.mktemp("published"))


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """Serve an empty kayba-local with one API key."""
    with kayba_local.serve(api_key=API_KEY) as running:
        yield running


@pytest.fixture
def kayba(kayba_command: Path, server: LocalServer, tmp_path: Path) -> Cli:
    """Return the command, which runs in an empty folder."""
    return Cli(kayba_command, server.url, API_KEY, tmp_path)
