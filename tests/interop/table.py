"""The interop table: which tests show which feature, in which direction.

A test says what it shows with `@pytest.mark.interop("Tree of spans")`; the folder it is in is the column. The end of a
run prints how many did and did not, and docs/interop.md names them: `hatch run interop:table` writes that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "interop.md"
START, END = "<!-- written by `hatch run interop:table` -->\n", "<!-- end of the table -->\n"

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


class Cell(NamedTuple):
    """A place in the table."""

    row: str
    column: str


class InteropTable:
    """A pytest plugin that keeps the table.

    Args:
        write: put the table of the tests collected into the document.
    """

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self._cells: dict[str, list[Cell]] = {}
        self._names = defaultdict[Cell, dict[str, None]](dict)
        self._outcomes = defaultdict[Cell, Counter[str]](Counter)

    # First, so that the table holds tests that the command line then deselects, too.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Find each test's places; one that is expected to fail shows nothing."""
        for item in items:
            rows = [marker.args[0] for marker in item.iter_markers("interop")]
            if unknown := set(rows).difference(ROWS):
                raise pytest.UsageError(f"{item.nodeid}: no row {unknown.pop()!r} in {Path(__file__).name}")
            if not item.get_closest_marker("xfail"):
                cells = self._cells[item.nodeid] = [Cell(row, item.path.parent.name) for row in rows]
                for cell in cells:
                    self._names[cell][item.name.partition("[")[0]] = None
        if self._write:
            before, _, after = split()
            DOCUMENT.write_text(f"{before}{START}{self.markdown()}{END}{after}", encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count how a test ended."""
        if report.when == "call" or report.outcome != "passed":
            for cell in self._cells.get(report.nodeid, ()):
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
        lines = [["", *COLUMNS.values()], ["---"] * (len(COLUMNS) + 1)]
        lines += [[row, *map(self._tests, self._row(row))] for row in ROWS]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def _row(self, row: str) -> list[Cell]:
        return [Cell(row, column) for column in COLUMNS]

    def _tests(self, cell: Cell) -> str:
        return "<br>".join(f"`{name}`" for name in self._names[cell]) or "—"

    def _counts(self, cell: Cell) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes[cell].items())) or "-"


def split() -> tuple[str, str, str]:
    """The document before its table, the table, and the document after it."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    inside, _, after = rest.partition(END)
    return before, inside, after
