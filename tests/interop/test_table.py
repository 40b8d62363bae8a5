"""docs/interop.md tells what these tests show."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.interop.table import COLUMNS, ROWS, InteropTable, split


@pytest.fixture
def interop_table(request: pytest.FixtureRequest) -> InteropTable:
    """The table of this run; the test is skipped where only a part of the tests was collected."""
    here = Path(__file__).parent
    if {item.path for item in request.session.items} != set(here.rglob("test_*.py")):
        pytest.skip("not all interop tests were collected")
    table = request.config.pluginmanager.get_plugin("interop-table")
    assert isinstance(table, InteropTable)
    return table


def test_the_documented_table_is_that_of_the_tests(interop_table: InteropTable) -> None:
    _, documented, _ = split()
    assert documented == interop_table.markdown(), "run `hatch run interop:table`"
    assert documented.count("\n") == len(ROWS) + 2
    assert all(title in documented for title in COLUMNS.values())
