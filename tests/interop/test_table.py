"""The tables in docs/interop.md are complete and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.interop.interop_table import TABLES, InteropTable
from tests.helpers.tables import is_whole_folder_collected


@pytest.fixture
def interop_table(request: pytest.FixtureRequest) -> InteropTable:
    """Return the table of this run. Skip the test if only part of the tests was collected."""
    if not is_whole_folder_collected(request.session, Path(__file__).parent):
        pytest.skip("not all interop tests were collected")
    plugin = request.config.pluginmanager.get_plugin("interop-table")
    assert isinstance(plugin, InteropTable)
    return plugin


def test_the_documented_table_is_up_to_date(interop_table: InteropTable) -> None:
    documented = interop_table.documented()
    assert documented == interop_table.markdown(), "run `hatch run interop:table`"
    for table in TABLES:
        assert all(f"\n| {row} | " in documented for row in table.rows)
        assert all(title in documented for title in table.columns.values())
