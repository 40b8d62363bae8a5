"""The table in docs/shapes.md is complete and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.shapes_table import ROWS, ShapesTable
from tests.helpers.tables import is_whole_folder_collected


@pytest.fixture
def shapes_table(request: pytest.FixtureRequest) -> ShapesTable:
    """Return the table of this run. Skip the test if only part of the tests was collected."""
    if not is_whole_folder_collected(request.session, Path(__file__).parents[1] / "ace_tracing"):
        pytest.skip("not all tests of the tracing SDK were collected")
    table = request.config.pluginmanager.get_plugin("shapes-table")
    assert isinstance(table, ShapesTable)
    return table


def test_every_shape_context_and_ending_has_a_test(shapes_table: ShapesTable) -> None:
    assert not shapes_table.empty()


def test_the_documented_table_is_up_to_date(shapes_table: ShapesTable) -> None:
    documented = shapes_table.documented()
    assert documented == shapes_table.markdown(), "run `hatch run shapes-table`"
    assert all(f"| {row} | `" in documented for rows in ROWS.values() for row in rows)
