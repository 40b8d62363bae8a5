"""docs/interop.md tells what these tests show."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.interop.interop_table import PARTS, InteropTable
from tests.helpers.tables import whole


@pytest.fixture
def interop_table(request: pytest.FixtureRequest) -> InteropTable:
    """The table of this run; the test is skipped where only a part of the tests was collected."""
    if not whole(request.session, Path(__file__).parent):
        pytest.skip("not all interop tests were collected")
    table = request.config.pluginmanager.get_plugin("interop-table")
    assert isinstance(table, InteropTable)
    return table


def test_the_documented_table_is_that_of_the_tests(interop_table: InteropTable) -> None:
    documented = interop_table.documented()
    assert documented == interop_table.markdown(), "run `hatch run interop:table`"
    for part in PARTS:
        assert all(f"\n| {row} | " in documented for row in part.rows)
        assert all(title in documented for title in part.columns.values())
