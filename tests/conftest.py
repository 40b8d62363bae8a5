"""Fixtures and options of all tests of the tracing SDK."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.helpers.programs import wait_for
from tests.helpers.shapes_table import ShapesTable

import ace_tracing
from ace_tracing import Trace, diagnostics
from kayba_local import LocalServer

if importlib.util.find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # Both measure time, which on a busy machine says nothing about the test.
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-shapes", action="store_true", help="write the tables into docs/shapes.md")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ShapesTable(write=config.getoption("write_shapes")), "shapes-table")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset the environment variables of the developer's shell, and give each test its own spool folder."""
    for name in ("KAYBA_API_KEY", "KAYBA_API_URL", "KAYBA_LOCAL_STORE", "KAYBA_LOCAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KAYBA_SPOOL_DIR", str(tmp_path / "spool"))


@pytest.fixture(autouse=True)
def _loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise internal errors of ace-tracing, which users never see, so that they fail the test."""
    monkeypatch.setattr(diagnostics, "loud", True)


@pytest.fixture
def tracing(kayba_server: LocalServer) -> Iterator[LocalServer]:
    """Configure tracing for a running server, and shut it down after the test."""
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    yield kayba_server
    ace_tracing.shutdown()
    ace_tracing.enable()


@pytest.fixture
def last_trace(tracing: LocalServer) -> Callable[[], Trace]:
    """Return a function that reads the newest trace from the server."""

    def read() -> Trace:
        (newest,) = ace_tracing.search_traces(max_results=1)
        return newest

    return read


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Return a function that waits for a condition, as long as a busy machine may need."""
    return wait_for
