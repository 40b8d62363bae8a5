"""Fixtures of the ecosystem tests: one run of each program with each recorder, and the table of the outcomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.ecosystem.outcomes import OutcomeTable
from tests.helpers.ecosystem.runs import ECOSYSTEM, Run, run_program

RunProgram = Callable[[str, str], Run]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunProgram:
    """Return a function that runs a framework's program with a recorder, once in the session."""
    runs: dict[tuple[str, str], Run | Exception] = {}

    def run_once(framework: str, mode: str) -> Run:
        if (framework, mode) not in runs:
            program = ECOSYSTEM / "programs" / f"{framework.replace('-', '_')}.py"
            try:
                runs[framework, mode] = run_program(program, framework, mode, tmp_path_factory.mktemp("home"))
            except Exception as error:
                # The tests of this program all fail with the first error, and run nothing again.
                runs[framework, mode] = error
        result = runs[framework, mode]
        if isinstance(result, Exception):
            raise result
        return result

    return run_once


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an empty folder for the files of a program."""
    return tmp_path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the outcomes into docs/ecosystem.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cell(framework, mode, check): the cell of the table that the test covers")
    config.pluginmanager.register(OutcomeTable(write=config.getoption("write_table")), "outcome-table")
