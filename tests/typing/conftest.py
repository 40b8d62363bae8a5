"""Fixture of mypy's cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

SHARED: Final = Path(__file__).parents[2] / ".mypy_cache"


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each of several test processes a copy of mypy's cache, which only one mypy at a time can use."""
    with pytest.MonkeyPatch.context() as environment:
        if "PYTEST_XDIST_WORKER" in os.environ:
            copy = tmp_path_factory.mktemp("mypy") / "cache"
            if SHARED.exists():
                shutil.copytree(SHARED, copy, ignore=shutil.ignore_patterns("regenerate"))
            environment.setenv("MYPY_CACHE_DIR", str(copy))
        yield
