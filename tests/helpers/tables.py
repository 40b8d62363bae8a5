"""Tables in docs/ of the tests that cover each feature, written from the tests' markers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

DOCS: Final = Path(__file__).parents[2] / "docs"


class Cell(NamedTuple):
    """A cell of a table, by row title and column title."""

    row: str
    column: str


class CoverageTable(ABC):
    """A pytest plugin that compares or writes the table of the collected tests.

    Args:
        document: The page that contains the table.
        command: The developer's command that writes the table.
        write: Whether to write the table of the collected tests into the page.
    """

    def __init__(self, document: Path, command: str, *, write: bool) -> None:
        self._document = document
        self._start, self._end = f"<!-- written by `{command}` -->\n", "<!-- end of the table -->\n"
        self._write = write
        self.cells: dict[str, list[Cell]] = {}
        self.names = defaultdict[Cell, dict[str, None]](dict)

    @abstractmethod
    def find_cells(self, item: pytest.Item) -> Iterator[tuple[Cell, str]]:
        """Yield each cell that a test covers, with the test's name in that cell.

        Raises:
            pytest.UsageError: A marker names an unknown row or column.
        """

    @abstractmethod
    def markdown(self) -> str:
        """Return the table with the names of the tests, as Markdown."""

    # Runs first, so the table also contains tests that the command line deselects later.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Record the cells of each test. A test that is expected to fail covers no cell."""
        for item in items:
            found = list(self.find_cells(item))
            if not item.get_closest_marker("xfail"):
                self.cells[item.nodeid] = [cell for cell, _ in found]
                for cell, name in found:
                    self.names[cell][name] = None
        if self._write:
            before, _, after = self._split()
            self._document.write_text(f"{before}{self._start}{self.markdown()}{self._end}{after}", encoding="utf-8")

    def documented(self) -> str:
        """Return the table in the page."""
        return self._split()[1]

    def tests(self, cell: Cell) -> str:
        """Return the names of a cell's tests, as Markdown."""
        return "<br>".join(f"`{name}`" for name in self.names.get(cell, ())) or "—"

    def _split(self) -> tuple[str, str, str]:
        """Return the page's text before the table, the table, and the text after it."""
        before, _, rest = self._document.read_text(encoding="utf-8").partition(self._start)
        inside, _, after = rest.partition(self._end)
        return before, inside, after


def markdown_table(rows: list[list[str]]) -> str:
    """Return a Markdown table. The first row is the heading."""
    heading, *others = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in [heading, ["---"] * len(heading), *others])


def is_whole_folder_collected(session: pytest.Session, folder: Path) -> bool:
    """Return whether all test files of a folder were collected. Its table needs all of them."""
    return {item.path for item in session.items} >= set(folder.rglob("test_*.py"))
