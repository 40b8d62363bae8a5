"""Fixtures of the reliability tests: where traces wait, an empty spool, and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.helpers.programs import Programs

import ace_tracing
from ace_tracing import diagnostics


@pytest.fixture(params=[True, False], ids=["spool", "memory"])
def spool(request: pytest.FixtureRequest) -> bool:
    """Whether traces wait in the spool, or in memory only."""
    is_spooled: bool = request.param
    return is_spooled


@pytest.fixture(autouse=True)
def spool_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty spool, which only this test and its programs use."""
    folder = tmp_path / "spool"
    monkeypatch.setenv("KAYBA_SPOOL_DIR", str(folder))
    return folder


@pytest.fixture
def programs() -> Iterator[Programs]:
    """Starts the programs of this folder, and kills the running ones afterwards."""
    running = Programs()
    yield running
    running.end()


@pytest.fixture
def configured() -> Iterator[Callable[..., None]]:
    """Configures tracing in this process, from a clean state, and shuts it down afterwards."""
    diagnostics._last_warned.clear()

    def configure(url: str, spool: bool = True) -> None:
        ace_tracing.configure(api_key="kb-test", base_url=url, spool=spool)

    yield configure
    ace_tracing.shutdown(timeout=0.1)
