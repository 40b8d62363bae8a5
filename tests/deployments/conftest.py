"""Fixtures of the deployment tests: where traces wait, and programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.programs import Programs

PROGRAMS: Final = Path(__file__).parent / "programs"


@pytest.fixture(params=[True, False], ids=["spool", "memory"])
def spool(request: pytest.FixtureRequest) -> bool:
    """Whether traces wait in the spool, or in memory only."""
    is_spooled: bool = request.param
    return is_spooled


@pytest.fixture
def programs() -> Iterator[Programs]:
    """Starts the programs of this folder, and kills the running ones afterwards."""
    running = Programs(PROGRAMS)
    yield running
    running.end()
