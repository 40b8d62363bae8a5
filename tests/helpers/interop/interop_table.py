"""The interop tables: which tests show which feature, in which direction, and which show which command.

A test says what it shows with `@pytest.mark.interop("Tree of spans")`, a row; the folder it is in is the column. The
end of a run prints how many did and did not, and docs/interop.md names them: `hatch run interop:table` writes that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.helpers.tables import DOCS, Cell, TableOfTests, lines_of


@dataclass(frozen=True, slots=True)
class Part:
    """One of the tables.

    Attributes:
        columns: folders of tests, with what their tests show.
        rows: all that a test there may show, in the order of the table.
    """

    columns: Mapping[str, str]
    rows: tuple[str, ...]


FEATURES = Part(
    {
        "ace_tracing_to_mlflow": "ace-tracing → MLflow 3.17.2",
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
COMMANDS = Part(
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
PARTS = (FEATURES, COMMANDS)


class InteropTable(TableOfTests):
    """A pytest plugin that keeps the tables.

    Args:
        write: put the tables of the tests collected into the document.
    """

    def __init__(self, *, write: bool) -> None:
        super().__init__(DOCS / "interop.md", "hatch run interop:table", write=write)
        self._outcomes = defaultdict[Cell, Counter[str]](Counter)

    def places(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """A cell for each row that the test names, in the column of its folder."""
        column = item.path.parent.name
        rows = {row for part in PARTS if column in part.columns for row in part.rows}
        for marker in item.iter_markers("interop"):
            if marker.args[0] not in rows:
                raise pytest.UsageError(f"{item.nodeid}: no row {marker.args[0]!r} in {Path(__file__).name}")
            yield Cell(marker.args[0], column), item.name.partition("[")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count how a test ended."""
        if report.when == "call" or report.outcome != "passed":
            for cell in self.cells.get(report.nodeid, ()):
                self._outcomes[cell][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print how many tests of each cell ended how."""
        if not self._outcomes:
            return
        terminalreporter.section("interop")
        for part in PARTS:
            widths = [max(map(len, part.rows)), *map(len, part.columns.values())]
            for line in _lines(part, self._counts):
                text = "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
                terminalreporter.write_line(text.rstrip(), red="failed" in text)

    def markdown(self) -> str:
        """The tables, with the names of the tests."""
        return "\n".join(lines_of(_lines(part, self.tests)) for part in PARTS)

    def _counts(self, cell: Cell) -> str:
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes[cell].items())) or "-"


def _lines(part: Part, text_of: Callable[[Cell], str]) -> list[list[str]]:
    """The heading of a table and its rows."""
    rows = ([row, *(text_of(Cell(row, column)) for column in part.columns)] for row in part.rows)
    return [["", *part.columns.values()], *rows]
