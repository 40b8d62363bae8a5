"""What every test of the tracing SDK may ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.helpers.shapes_table import ShapesTable

import ace_tracing
from ace_tracing import Trace, diagnostics
from kayba_local import LocalServer


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-shapes", action="store_true", help="write the table of shapes into docs/shapes.md")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ShapesTable(write=config.getoption("write_shapes")), "shapes-table")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's own shell decides how a test ends, and no spool is shared with anything else."""
    for name in ("KAYBA_API_KEY", "KAYBA_API_URL", "KAYBA_LOCAL_STORE", "KAYBA_LOCAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAYBA_SPOOL_DIR", str(tmp_path / "spool"))


@pytest.fixture(autouse=True)
def _loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error inside ace-tracing, which users never see, fails the test."""
    monkeypatch.setattr(diagnostics, "loud", True)


@pytest.fixture
def tracing(kayba_server: LocalServer) -> Iterator[LocalServer]:
    """Tracing configured for a running server, and shut down afterwards."""
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    yield kayba_server
    ace_tracing.shutdown()
    ace_tracing.enable()


@pytest.fixture
def last_trace(tracing: LocalServer) -> Callable[[], Trace]:
    """Gives the newest trace as the server has it."""

    def read() -> Trace:
        (newest,) = ace_tracing.search_traces(max_results=1)
        return newest

    return read


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Waits for a condition, and fails when it does not come true within twenty seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.005)

    return wait
