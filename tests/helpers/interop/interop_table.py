"""The tables in docs/interop.md: the tests that cover each feature in each direction, and each command.

The marker `@pytest.mark.interop("Tree of spans")` names the row that a test covers; the test's folder is the column.
The end of a run prints the count of passed and failed tests for each cell. `hatch run interop:table` writes the tables
with the tests' names into docs/interop.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.helpers.tables import DOCS, Cell, CoverageTable, markdown_table


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and columns of one table.

    Attributes:
        columns: The column title of each test folder.
        rows: The row titles, in the order of the table.
    """

    columns: Mapping[str, str]
    rows: tuple[str, ...]


FEATURES: Final = Table(
    {
        "ace_tracing_to_mlflow": "ace-tracing → MLflow 3.17.2",
        "otlp_exporter_to_mlflow": '`configure(exporter="otlp")` → MLflow 3.17.2',
        "mlflow_to_kayba_local": "kayba-tracing 0.9.7, MLflow 3.17.2 → kayba-local",
        "opentelemetry_to_kayba_local": "OpenTelemetry's exporters 1.45.1, protobuf and JSON → kayba-local",
    },
    (
        "Tree of spans",
        "Inputs and outputs",
        "Span types and function names",
        "Attributes",
        "Resource",
        "Start and end",
        "Status and exceptions",
        "Events",
        "Links",
        "async and threads",
        "Trace name, folder, tags",
        "Session, user, token usage",
        "Experiments",
        "Compression",
        "Oversize and hostile values",
        "Get a trace",
        "Search: filter, order, pages",
        "Set and delete tags",
        "Assessments",
        "Delete traces",
        "Keys and other errors",
    ),
)
COMMANDS: Final = Table(
    {"cli_to_kayba_local": "`kayba` of ace-framework 0.13.0 → kayba-local"},
    (
        "`upload`",
        "`traces list`",
        "`traces show`",
        "`traces delete`",
        "`batch`",
        "`run`",
        "`insights generate`",
        "`insights list`",
        "`insights triage`",
        "`status`",
        "`materialize`",
        "`prompts generate`",
        "`prompts list`",
        "`prompts pull`",
        "`prompts install`",
        "`integrations list`",
        "`integrations configure`",
        "`integrations test`",
        "Errors",
    ),
)
TABLES: Final = (FEATURES, COMMANDS)


class InteropTable(CoverageTable):
    """A pytest plugin that compares or writes the tables in docs/interop.md, and prints the outcomes of each cell.

    Args:
        write: Whether to write the tables of the collected tests into the page.
    """

    def __init__(self, *, write: bool) -> None:
        super().__init__(DOCS / "interop.md", "hatch run interop:table", write=write)
        self._outcomes = defaultdict[Cell, Counter[str]](Counter)

    def find_cells(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """Yield one cell for each marker, in the column of the test's folder."""
        column = item.path.parent.name
        rows = {row for table in TABLES if column in table.columns for row in table.rows}
        for marker in item.iter_markers("interop"):
            if marker.args[0] not in rows:
                raise pytest.UsageError(f"{item.nodeid}: no row {marker.args[0]!r} in {Path(__file__).name}")
            yield Cell(marker.args[0], column), item.name.partition("[")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the outcome of a test."""
        if report.when == "call" or report.outcome != "passed":
            for cell in self.cells.get(report.nodeid, ()):
                self._outcomes[cell][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the number of tests with each outcome, for each cell."""
        if not self._outcomes:
            return
        terminalreporter.section("interop")
        for table in TABLES:
            widths = [max(map(len, table.rows)), *map(len, table.columns.values())]
            for line in _rows(table, self._format_counts):
                text = "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                terminalreporter.write_line(text.rstrip(), red="failed" in text)

    def markdown(self) -> str:
        """Return the tables with the names of the tests, as Markdown."""
        return "\n".join(markdown_table(_rows(table, self.tests)) for table in TABLES)

    def _format_counts(self, cell: Cell) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes[cell].items())) or "-"


def _rows(table: Table, format_cell: Callable[[Cell], str]) -> list[list[str]]:
    """Return the heading and the rows of a table."""
    rows = ([row, *(format_cell(Cell(row, column)) for column in table.columns)] for row in table.rows)
    return [["", *table.columns.values()], *rows]
