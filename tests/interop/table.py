"""The interop table: which tests show which feature, in which direction.

A test says what it shows with `@pytest.mark.interop("Tree of spans")`; the folder it is in is the column. The end of a
run prints how many did and did not, and docs/interop.md names them: `hatch run interop:table` writes that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tables import DOCS, Cell, TableOfTests, lines_of

COLUMNS = {
    "ace_tracing_to_mlflow": "ace-tracing → MLflow 3.17.2",
    "mlflow_to_kayba_local": "kayba-tracing 0.9.7, MLflow 3.17.2 → kayba-local",
}
"""Folders of tests, with what their tests show."""

ROWS = (
    "Tree of spans",
    "Inputs and outputs",
    "Span types and function names",
    "Attributes",
    "Start and end",
    "Status and exceptions",
    "Events",
    "async and threads",
    "Trace name, folder, tags",
    "Session, user, token usage",
    "Experiments",
    "Oversize and hostile values",
    "Get a trace",
    "Search: filter, order, pages",
    "Set and delete tags",
    "Assessments",
    "Delete traces",
    "Keys and other errors",
)
"""Every feature that a test may show, in the order of the table."""


class InteropTable(TableOfTests):
    """A pytest plugin that keeps the table.

    Args:
        write: put the table of the tests collected into the document.
    """

    def __init__(self, *, write: bool) -> None:
        super().__init__(DOCS / "interop.md", "hatch run interop:table", write=write)
        self._outcomes = defaultdict[Cell, Counter[str]](Counter)

    def places(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """A cell for each row that the test names, in the column of its folder."""
        for marker in item.iter_markers("interop"):
            if marker.args[0] not in ROWS:
                raise pytest.UsageError(f"{item.nodeid}: no row {marker.args[0]!r} in {Path(__file__).name}")
            yield Cell(marker.args[0], item.path.parent.name), item.name.partition("[")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count how a test ended."""
        if report.when == "call" or report.outcome != "passed":
            for cell in self.cells.get(report.nodeid, ()):
                self._outcomes[cell][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print how many tests of each cell ended how."""
        if not self._outcomes:
            return
        widths = [max(map(len, ROWS)), *(len(title) for title in COLUMNS.values())]
        terminalreporter.section("interop")
        for line in (["", *COLUMNS.values()], *([row, *map(self._counts, self._row(row))] for row in ROWS)):
            text = "   ".join(part.ljust(width) for part, width in zip(line, widths, strict=True))
            terminalreporter.write_line(text.rstrip(), red="failed" in text)

    def markdown(self) -> str:
        """The table, with the names of the tests."""
        return lines_of([["", *COLUMNS.values()], *([row, *map(self.tests, self._row(row))] for row in ROWS)])

    def _row(self, row: str) -> list[Cell]:
        return [Cell(row, column) for column in COLUMNS]

    def _counts(self, cell: Cell) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes[cell].items())) or "-"
