"""The published command, and a kayba-local of each test's own that it works on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.interop.published_cli import Cli, install

import kayba_local
from kayba_local import LocalServer

API_KEY = "kb-cli"


@pytest.fixture(scope="session")
def kayba_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command."""
    return install(tmp_path_factory.mktemp("published"))


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """An empty kayba-local that takes one key."""
    with kayba_local.serve(api_key=API_KEY) as running:
        yield running


@pytest.fixture
def kayba(kayba_command: Path, server: LocalServer, tmp_path: Path) -> Cli:
    """The command, run in an empty folder."""
    return Cli(kayba_command, server.url, API_KEY, tmp_path)
